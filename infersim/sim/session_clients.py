"""Clients in conversation: each turn of a session is sent some time after the answer to the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from infersim.errors import InputError
from infersim.records import RequestTable
from infersim.sim.clock import ARRIVAL, Clock, Wake
from infersim.workload.turns import SessionTraffic, Turn

Rest = Iterator[Turn]


class SessionClients:
    """Sends the turns of one class's sessions.

    Sessions begin at their times, or clients take one after another. A refusal comes back at once and the session goes
    on; a session's turns wait for nobody but itself.

    Args:
        clock: the simulation's clock.
        table: where requests are written down.
        send: sends a row of the table; whether it was taken.
        traffic: the sessions.
        may_send: whether the run allows one more request at a time [s].
        most: requests that end the run, or None.
        most_refusals: so many in a row are an error where nothing but time ends the run.
    """

    def __init__(
        self,
        clock: Clock,
        table: RequestTable,
        send: Callable[[int, float], bool],
        traffic: SessionTraffic,
        may_send: Callable[[float], bool],
        most: int | None,
        most_refusals: int,
    ):
        self._clock, self._table, self._dispatch, self._traffic = clock, table, send, traffic
        self._may_send, self._sessions = may_send, traffic.sessions()
        self._rest: dict[int, Rest] = {}
        self._refused = 0
        self._most_refusals = most_refusals if most is None and traffic.total is None else None
        if traffic.start_s is None:
            for _ in range(traffic.clients if most is None else min(traffic.clients, most)):
                clock.at(0.0, self._take, ARRIVAL)
        else:
            self._starts = iter(traffic.start_s.tolist())
            self._await_start()

    def answered(self, row: int, now_s: float) -> None:
        """The answer is there: the next turn comes after its pause."""
        self._go_on(self._rest.pop(row), now_s)

    def _await_start(self) -> None:
        start_s = next(self._starts, None)
        if start_s is not None:
            self._clock.at(start_s, self._start, ARRIVAL)

    def _start(self, wake: Wake) -> None:
        self._await_start()
        rest = next(self._sessions)
        turn = next(rest)
        if self._refuses(turn, rest, wake.at_s):
            self._go_on(rest, wake.at_s)

    def _take(self, wake: Wake) -> None:
        """A client at the start takes its first session."""
        rest = next(self._sessions, None)
        if rest is not None:
            self._go_on(rest, wake.at_s)

    def _go_on(self, rest: Rest, now_s: float) -> None:
        """Wait for the next turn and send it, and again while turns are refused and no pause comes between."""
        while (coming := self._coming(rest)) is not None:
            pause_s, turn, rest = coming
            if pause_s:
                self._clock.at(now_s + pause_s, _later(self._turn, turn, rest), ARRIVAL)
                return
            if not self._refuses(turn, rest, now_s):
                return

    def _coming(self, rest: Rest) -> tuple[float, Turn, Rest] | None:
        """The pause before the next turn [s], that turn and what follows: a client's next session where one is over."""
        turn = next(rest, None)
        if turn is not None:
            return turn.gap_s, turn, rest
        following = next(self._sessions, None) if self._traffic.start_s is None else None
        if following is None:
            return None
        turn = next(following)
        return self._traffic.think_s + turn.gap_s, turn, following

    def _turn(self, turn: Turn, rest: Rest, now_s: float) -> None:
        if self._refuses(turn, rest, now_s):
            self._go_on(rest, now_s)

    def _refuses(self, turn: Turn, rest: Rest, now_s: float) -> bool:
        """Send a turn, unless the run is over; whether it was refused.

        Raises:
            InputError: only time ends the run, and so many refusals in a row that it would not go on.
        """
        if not self._may_send(now_s):
            return False
        lengths = turn.prompt_tokens, turn.output_tokens
        number = self._traffic.traffic_class
        row = self._table.append(now_s, *lengths, number, None, turn.reasoning_tokens, turn.cut)
        self._table.is_turn(row, turn.session, turn.turn, turn.shared_prefix_tokens, turn.ends)
        self._rest[row] = rest
        if self._dispatch(row, now_s):
            self._refused = 0
            return False
        del self._rest[row]
        self._refused += 1
        if self._refused == self._most_refusals:
            raise InputError(
                f"{self._refused} requests in a row were refused: a client of the sessions finds none that fits",
                "prompt and output together must fit into max_model_len and into the KV memory",
                "workload",
            )
        return True


def _later(call: Callable[[Turn, Rest, float], None], turn: Turn, rest: Rest) -> Callable[[Wake], None]:
    return lambda wake: call(turn, rest, wake.at_s)
