"""A run that is watched: how far it is, and where it is stopped."""

import pytest

import infersim as sim
from infersim.sim.clock import LAST
from infersim.sim.watch import Watch
from tests.load.scenarios import write

CLOSED = {
    "workload.chat": {
        "arrivals": {"kind": "closed_loop", "clients": 8},
        "prompt_tokens": {"kind": "fixed", "value": 500},
        "output_tokens": {"kind": "uniform", "low": 20, "high": 90},
    }
}
AT_ONCE = {
    "workload.chat.arrivals": {"kind": "all_at_once"},
    "workload.chat.output_tokens": {"kind": "fixed", "value": 90},
}
TALKS = {
    "workload.chat.sessions": {
        "turns": {"kind": "geometric", "mean": 4},
        "think_s": {"kind": "exponential", "mean": 2},
    },
    "run.requests": None,
    "run.duration_s": 40,
}


class Probe(Watch):
    """Looks, and perhaps stops, at times of the simulation rather than of the wall."""

    def __init__(self, look_s, stop_s=None):
        super().__init__()
        self.look_s, self.stop_s, self.looks = look_s, stop_s, []

    def begin(self, clock, share):
        super().begin(clock, share)
        for at_s in self.look_s:
            clock.at(at_s, lambda wake: self.looks.append(self.seen()), 1)
        if self.stop_s is not None:
            clock.at(self.stop_s, lambda wake: self.stop(), 1)


class InStep(Watch):
    """Stops within the first event due at a time or after it that is not the end of the run, as a signal would."""

    def __init__(self, stop_s):
        super().__init__()
        self.stop_s = stop_s

    def begin(self, clock, share):
        super().begin(clock, share)
        foresee = clock.at

        def at(at_s, callback, priority):
            late = at_s >= self.stop_s and priority != LAST
            return foresee(at_s, (lambda wake: (self.stop(), callback(wake))) if late else callback, priority)

        clock.at = at


@pytest.mark.parametrize("traffic", [{}, CLOSED, AT_ONCE, TALKS], ids=["open", "closed", "at once", "sessions"])
def test_the_share_done_grows_to_the_whole(tmp_path, traffic):
    path, settings = write(tmp_path), {"run.requests": 400} | traffic
    end_s = sim.simulate(path, settings).summary()["span"]["end_s"]
    probe = Probe([part * end_s for part in (0.0, 0.25, 0.5, 0.75, 0.95)])
    sim.simulate(path, settings, watch=probe)
    times, shares = zip(*probe.looks, strict=True)
    assert [*times] == probe.look_s
    assert [*shares] == sorted(shares)
    assert shares[0] < 0.05
    assert shares[-1] > 0.5
    assert probe.seen() is None
    assert not probe.stop()
    assert not probe.stopped


@pytest.mark.parametrize("traffic", [{}, CLOSED, AT_ONCE], ids=["open", "closed", "at once"])
def test_a_stopped_run_is_the_run_to_that_horizon(tmp_path, traffic):
    path, settings = write(tmp_path), traffic | {"run.requests": 400}
    whole_s = sim.simulate(path, settings).summary()["span"]["end_s"]
    stopped = sim.simulate(path, settings, watch=Probe([], whole_s / 2))
    figures = stopped.summary()
    end_s = figures["span"]["end_s"]
    assert whole_s / 2 <= end_s < whole_s
    horizon = sim.simulate(path, settings | {"run.until": "horizon", "run.duration_s": end_s}).summary()
    if not traffic:  # a request at the horizon itself counts in the one and not in the other
        figures["requests"]["arrived"] = horizon["requests"]["arrived"]
    for name in ("ttft_s", "itl_s", "throughput", "utilisation", "kv_cache", "tokens", "queue"):
        assert figures[name] == horizon[name], name
    assert figures["interrupted"] is True
    assert stopped.warnings[0].startswith("interrupted after ")
    assert not any("asked for" in warning for warning in stopped.warnings)


@pytest.mark.parametrize("traffic", [{}, CLOSED, AT_ONCE], ids=["open", "closed", "at once"])
def test_a_step_is_stopped_where_nothing_but_the_horizon_is_foreseen(tmp_path, traffic):
    path, settings = write(tmp_path), traffic | {"run.requests": 400, "run.until": "horizon"}
    whole_s = sim.simulate(path, settings | {"run.until": "drained"}).summary()["span"]["end_s"]
    settings["run.duration_s"] = 2 * whole_s
    stopped = sim.simulate(path, settings, watch=InStep(whole_s / 2)).summary()
    assert stopped["interrupted"] is True
    end_s = stopped["span"]["end_s"]
    assert whole_s / 2 <= end_s < whole_s
    horizon = sim.simulate(path, settings | {"run.duration_s": end_s}).summary()
    for name in ("ttft_s", "itl_s", "throughput", "utilisation", "kv_cache", "tokens", "queue"):
        assert stopped[name] == horizon[name], name


def test_a_run_that_ends_in_time_is_not_interrupted(tmp_path):
    path = write(tmp_path)
    assert "interrupted" not in sim.simulate(path, watch=Probe([0.0])).summary()
