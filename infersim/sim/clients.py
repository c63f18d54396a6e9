"""Clients: they send requests, and some of them wait for answers first.

This is the simulation's only feedback: closed loops, and open arrivals with a limit of requests in flight.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from infersim.records import REJECTED, RequestTable
from infersim.sim.clock import ARRIVAL, Clock, Wake
from infersim.sim.replica import Replica
from infersim.sim.router import Router
from infersim.sim.sequence import Sequence
from infersim.workload.traffic import ClosedTraffic, Traffic


class Dispatcher:
    """The front end: refuses what can never fit, and hands the rest to a replica.

    Args:
        table: where requests are written down.
        choose: the replica of the next request.
        most_tokens: longest prompt + output that a replica can hold.
    """

    def __init__(self, table: RequestTable, choose: Callable[[], Replica], most_tokens: int):
        self.table = table
        self._choose = choose
        self._most_tokens = most_tokens

    def send(self, row: int, now_s: float) -> bool:
        """Send a row of the table; returns whether it was taken."""
        table = self.table
        prompt, output = table.prompt_tokens[row], table.output_tokens[row]
        if prompt + output > self._most_tokens:
            table.status[row] = REJECTED
            return False
        self._choose().arrive(Sequence(row, prompt, output), now_s)
        return True


class OpenLoop:
    """Sends the table's prepared rows at their times, or later where the client's own limit holds them back."""

    def __init__(self, clock: Clock, dispatcher: Dispatcher, max_in_flight: tuple[int | None, ...]):
        self._clock, self._dispatcher = clock, dispatcher
        self._table = dispatcher.table
        self._rows = len(self._table)
        self._next = 0
        self._room = list(max_in_flight)
        self._held: list[deque[int]] = [deque() for _ in max_in_flight]
        self._capped = any(cap is not None for cap in max_in_flight)
        if self._rows:
            clock.at(self._table.arrival_s[0], self._arrive, ARRIVAL)

    def _arrive(self, wake: Wake) -> None:
        row, now_s = self._next, wake.at_s
        self._next = row + 1
        if self._next < self._rows:
            self._clock.at(self._table.arrival_s[self._next], self._arrive, ARRIVAL)
        if self._capped:
            self._send_capped(row, now_s)
        else:
            self._dispatcher.send(row, now_s)

    def _send_capped(self, row: int, now_s: float) -> None:
        number = self._table.traffic_class[row]
        room = self._room[number]
        if room == 0:
            self._held[number].append(row)
        elif self._dispatcher.send(row, now_s) and room is not None:
            self._room[number] = room - 1

    def answered(self, row: int, now_s: float) -> None:
        """A request of this client was answered: one that was held back may go."""
        number = self._table.traffic_class[row]
        room = self._room[number]
        if room is None:
            return
        self._room[number] = room + 1
        if self._held[number]:
            held = self._held[number].popleft()
            self._table.arrival_s[held] = now_s  # latency counts from the real send
            self._send_capped(held, now_s)

    def unsent(self) -> list[int]:
        """Rows that were never sent: still to come, or held back."""
        return [*range(self._next, self._rows), *(row for held in self._held for row in held)]


class ClosedLoop:
    """Clients that each wait for an answer, think, and send the next request."""

    def __init__(self, clock: Clock, dispatcher: Dispatcher, traffic: ClosedTraffic, may_send: Callable[[float], bool]):
        self._clock, self._dispatcher, self._traffic, self._may_send = clock, dispatcher, traffic, may_send
        for _ in range(traffic.clients):
            clock.at(0.0, self._send, ARRIVAL)

    def _send(self, wake: Wake) -> None:
        self.send(wake.at_s)

    def send(self, now_s: float) -> None:
        """One client sends, and again until a request is taken."""
        taken = False
        while not taken and self._may_send(now_s):
            prompt, output = next(self._traffic.lengths)
            row = self._dispatcher.table.append(now_s, prompt, output, self._traffic.traffic_class)
            taken = self._dispatcher.send(row, now_s)

    def answered(self, row: int, now_s: float) -> None:
        """The answer is there: think, then send."""
        if self._traffic.think_s:
            self._clock.at(now_s + self._traffic.think_s, self._send, ARRIVAL)
        else:
            self.send(now_s)


class Clients:
    """All clients of a scenario, told of finished requests by the replicas.

    Args:
        clock: the simulation's clock.
        dispatcher: where requests go.
        traffic: what is to be sent.
        router: told of finished requests, or None.
        frontend_s: time from an engine's token to the client's sight of it [s].
    """

    def __init__(
        self, clock: Clock, dispatcher: Dispatcher, traffic: Traffic, router: Router | None, frontend_s: float
    ):
        self._clock, self._router, self._frontend_s = clock, router, frontend_s
        self._table = dispatcher.table
        self._limit, self._until_s = traffic.limit, traffic.until_s
        self.open = OpenLoop(clock, dispatcher, traffic.max_in_flight)
        self._waiting: dict[int, OpenLoop | ClosedLoop] = {
            number: self.open for number, cap in enumerate(traffic.max_in_flight) if cap is not None
        }
        for closed in traffic.closed:
            self._waiting[closed.traffic_class] = ClosedLoop(clock, dispatcher, closed, self._may_send)

    @property
    def listens(self) -> bool:
        """Whether anybody here needs to hear of finished requests."""
        return bool(self._waiting) or self._router is not None

    def _may_send(self, now_s: float) -> bool:
        if self._until_s is not None and now_s >= self._until_s:
            return False
        return self._limit is None or len(self._table) < self._limit

    def finished(self, replica: Replica, row: int, now_s: float) -> None:
        """A request produced its last token."""
        if self._router is not None:
            self._router.finished(replica)
        client = self._waiting.get(self._table.traffic_class[row])
        if client is None:
            return
        if self._frontend_s:
            self._clock.at(now_s + self._frontend_s, lambda wake: client.answered(row, wake.at_s), ARRIVAL)
        else:
            client.answered(row, now_s)
