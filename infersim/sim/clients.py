"""Clients: they send requests, and some of them wait for answers first.

This is the simulation's only feedback: closed loops, open arrivals with a limit of requests in flight, and sessions
(`session_clients`).
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable

import numpy as np

from infersim.errors import InputError
from infersim.records import REJECTED, RequestTable
from infersim.sim.clock import ARRIVAL, Clock, Wake
from infersim.sim.replica import Replica
from infersim.sim.router import Router
from infersim.sim.sequence import Sequence
from infersim.sim.session_clients import SessionClients
from infersim.workload.traffic import ClosedTraffic, Traffic

MOST_REFUSALS = 1000


class Dispatcher:
    """The front end: refuses what can never fit, and hands the rest to a replica.

    Args:
        table: where requests are written down.
        choose: the replica of the next request.
        most_tokens: longest prompt + output that a replica can hold.
        most_prompt_tokens, most_output_tokens: longest prompt and longest output that it takes.
        serial_s: time for which a request keeps its replica's front end to itself: those behind it wait [s].
        clock: the simulation's clock, for requests that wait.
    """

    def __init__(
        self,
        table: RequestTable,
        choose: Callable[[], Replica],
        most_tokens: int,
        most_prompt_tokens: int,
        most_output_tokens: int,
        serial_s: float = 0.0,
        clock: Clock | None = None,
    ):
        self.table = table
        self._choose = choose
        self._most_tokens = most_tokens
        self._most_prompt, self._most_output = most_prompt_tokens, most_output_tokens
        self._serial_s, self._clock = serial_s, clock
        self._free_s: dict[int, float] = {}
        self._left = 0
        self._tell: Callable[[float], None] = _nobody

    def at_send(self, number: int, tell: Callable[[float], None]) -> None:
        """Tell the time at which so many requests have been sent."""
        self._left, self._tell = number, tell

    def send(self, row: int, now_s: float) -> bool:
        """Send a row of the table; returns whether it was taken."""
        table = self.table
        self._left -= 1
        if not self._left:
            self._tell(now_s)
        prompt, output = table.prompt_tokens[row], table.output_tokens[row]
        if prompt + output > self._most_tokens or prompt > self._most_prompt or output > self._most_output:
            table.status[row] = REJECTED
            return False
        replica, sequence = self._choose(), Sequence(row, prompt, output)
        if self._serial_s and self._clock is not None:
            enters_s = self._free_s.get(replica.number, now_s)
            if enters_s > now_s:
                self._free_s[replica.number] = enters_s + self._serial_s
                self._clock.at(enters_s, lambda wake: replica.arrive(sequence, wake.at_s), ARRIVAL)
                return True
            self._free_s[replica.number] = now_s + self._serial_s
        replica.arrive(sequence, now_s)
        return True


def _nobody(now_s: float) -> None:
    """Nobody waits for a send."""


class OpenLoop:
    """Sends prepared requests at their times, or later where the client's own limit holds them back.

    Where all traffic is open the requests stand in the table beforehand, each in the row of its index; beside closed
    loops a request gets its row as it is sent, so that rows stay in the order of sending and `has_room` can count them.
    """

    def __init__(self, clock: Clock, dispatcher: Dispatcher, traffic: Traffic, has_room: Callable[[], bool] | None):
        self._clock, self._dispatcher, self._table = clock, dispatcher, dispatcher.table
        self._requests = traffic.open
        self._arrival_s = traffic.open.arrival_s.tolist()
        self._has_room = has_room
        self._room = list(traffic.max_in_flight)
        self._held: list[deque[int]] = [deque() for _ in self._room]
        limited = has_room is not None or any(cap is not None for cap in self._room)
        clock.at_each(self._arrival_s, self._send_within_limits if limited else dispatcher.send)

    def _send_within_limits(self, index: int, now_s: float) -> None:
        number = int(self._requests.traffic_class[index])
        room = self._room[number]
        if room == 0:
            self._held[number].append(index)
        elif self._has_room is None or self._has_room():
            taken = self._dispatcher.send(self._row(index, now_s), now_s)
            if taken and room is not None:
                self._room[number] = room - 1

    def _row(self, index: int, now_s: float) -> int:
        if self._has_room is None:
            self._table.arrival_s[index] = now_s  # latency counts from the real send
            return index
        requests = self._requests
        lengths = int(requests.prompt_tokens[index]), int(requests.output_tokens[index])
        more = (0 if column is None else int(column[index]) for column in (requests.reasoning_tokens, requests.cut))
        return self._table.append(now_s, *lengths, int(requests.traffic_class[index]), self._arrival_s[index], *more)

    def answered(self, row: int, now_s: float) -> None:
        """A request of this client was answered: those that were held back may go until one is taken."""
        number = self._table.traffic_class[row]
        room, held = self._room[number], self._held[number]
        if room is not None:
            self._room[number] = room + 1
            while held and self._room[number]:
                self._send_within_limits(held.popleft(), now_s)

    def sent(self) -> int:
        """Requests sent before now; beside closed loops, theirs too."""
        if self._has_room is not None:
            return len(self._table)
        return bisect_left(self._arrival_s, self._clock.now) - sum(map(len, self._held))

    def held_back(self) -> np.ndarray:
        """Indices of the requests that were due and are still held back."""
        return np.array([index for held in self._held for index in held], dtype=np.int64)

    def unsent_rows(self) -> list[int]:
        """Rows of the table that were never sent: still to come, or held back."""
        if self._has_room is not None:
            return []
        stopped_s, due = self._clock.stopped_s, len(self._arrival_s)
        if stopped_s is not None:
            due = bisect_right(self._arrival_s, stopped_s)
        return [*range(due, len(self._arrival_s)), *self.held_back().tolist()]


class ClosedLoop:
    """Clients that each wait for an answer, think, and send the next request."""

    def __init__(
        self,
        clock: Clock,
        dispatcher: Dispatcher,
        traffic: ClosedTraffic,
        may_send: Callable[[float], bool],
        most: int | None,
    ):
        self._clock, self._dispatcher, self._traffic = clock, dispatcher, traffic
        self._may_send, self._most = may_send, most
        for _ in range(traffic.clients if most is None else min(traffic.clients, most)):
            clock.at(0.0, self._send, ARRIVAL)

    def _send(self, wake: Wake) -> None:
        self.send(wake.at_s)

    def send(self, now_s: float) -> None:
        """One client sends, and again until a request is taken: a refusal comes back at once.

        Raises:
            InputError: only time ends the run, and so many refusals in a row that it would not go on.
        """
        for _ in itertools.count() if self._most is not None else range(MOST_REFUSALS):
            if not self._may_send(now_s):
                return
            prompt, output, *more = next(self._traffic.lengths)
            row = self._dispatcher.table.append(now_s, prompt, output, self._traffic.traffic_class, None, *more)
            if self._dispatcher.send(row, now_s):
                return
        raise InputError(
            f"{MOST_REFUSALS} requests in a row were refused: a client of the closed loop finds none that fits",
            "prompt and output together must fit into max_model_len and into the KV memory",
            "workload",
        )

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
        turnaround_s: time from an engine's last token to a waiting client's next thought [s].
    """

    def __init__(
        self, clock: Clock, dispatcher: Dispatcher, traffic: Traffic, router: Router | None, turnaround_s: float
    ):
        self._clock, self._router, self._turnaround_s = clock, router, turnaround_s
        self._table = dispatcher.table
        self._limit, self._until_s = traffic.limit, traffic.until_s
        self.open = OpenLoop(clock, dispatcher, traffic, self._has_room if traffic.feeds_back else None)
        self._waiting: dict[int, OpenLoop | ClosedLoop | SessionClients] = {
            number: self.open for number, cap in enumerate(traffic.max_in_flight) if cap is not None
        }
        for closed in traffic.closed:
            self._waiting[closed.traffic_class] = ClosedLoop(clock, dispatcher, closed, self._may_send, self._limit)
        for sessions in traffic.sessions:
            options = (self._may_send, self._limit, MOST_REFUSALS)
            client = SessionClients(clock, self._table, dispatcher.send, sessions, *options)
            self._waiting[sessions.traffic_class] = client

    @property
    def listens(self) -> bool:
        """Whether anybody here needs to hear of finished requests."""
        return bool(self._waiting) or self._router is not None

    def _may_send(self, now_s: float) -> bool:
        return (self._until_s is None or now_s < self._until_s) and self._has_room()

    def _has_room(self) -> bool:
        """Whether the run's limit of requests leaves room for one more."""
        return self._limit is None or len(self._table) < self._limit

    def finished(self, replica: Replica, row: int, now_s: float) -> None:
        """A request produced its last token."""
        if self._router is not None:
            self._router.finished(replica)
        client = self._waiting.get(self._table.traffic_class[row])
        if client is None:
            return
        if self._turnaround_s:
            self._clock.at(now_s + self._turnaround_s, lambda wake: client.answered(row, wake.at_s), ARRIVAL)
        else:
            client.answered(row, now_s)
