"""What is asked of latencies: each class's SLO, or bounds on percentiles in its place."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from infersim.errors import InputError, nearest
from infersim.load import Loaded
from infersim.spec.workload import Slo
from infersim.units import SECONDS, parse

BOUNDS = ("ttft_s", "tpot_s", "e2e_s")
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?)")


@dataclass(frozen=True)
class Goal:
    """One condition: a share of a class's requests within bounds.

    Attributes:
        traffic_class: its name.
        slo: the bounds and the share.
    """

    traffic_class: str
    slo: Slo

    def data(self) -> dict[str, object]:
        """As JSON tells it."""
        return {"class": self.traffic_class, **self.slo.model_dump(exclude_none=True)}


def goals_of(
    loaded: Loaded, asked: Sequence[str] | Mapping[str, float] = (), classes: Sequence[str] = ()
) -> list[Goal]:
    """The goals; none where neither the scenario nor `asked` has any.

    Args:
        loaded: the scenario.
        asked: bounds in place of the scenario's SLOs, `ttft_s.p99=1` or `CLASS.ttft_s.p99=1`, or the same as a
            mapping; one without a class is for `classes`, or for all.
        classes: the classes that load grows in.

    Raises:
        InputError: a bound cannot be read.
    """
    workload = loaded.scenario.workload
    texts = [f"{path}={value}" for path, value in asked.items()] if isinstance(asked, Mapping) else list(asked)
    if texts:
        return [goal for text in texts for goal in _read(text, list(workload), list(classes) or list(workload))]
    return [Goal(name, traffic.slo) for name, traffic in workload.items() if traffic.slo is not None]


def _read(text: str, names: list[str], classes: list[str]) -> list[Goal]:
    label = f"--slo {text}"
    path, equals, value = (part.strip() for part in text.partition("="))
    name, dot, rest = path.partition(".")
    if name not in BOUNDS and dot and rest.partition(".")[0] in BOUNDS:
        if name not in names:
            raise InputError(
                f"no traffic class {name!r}", nearest(name, names) or f"classes: {', '.join(names)}", file=label
            )
        classes, path = [name], rest
    bound, _, percentile = path.partition(".")
    if not equals or bound not in BOUNDS:
        meant = nearest(bound, BOUNDS) or "e.g. --slo ttft_s.p99=1"
        raise InputError(f"a bound is one of {', '.join(BOUNDS)}, a percentile and a time", meant, file=label)
    found = _PERCENTILE.fullmatch(percentile or "p99")
    if not found or not float(found[1]) > 0:
        raise InputError(f"no percentile {percentile!r}", "e.g. p50, p90, p95, p99, p99.9", bound, file=label)
    slo = Slo.model_validate({bound: _seconds(value, label), "attainment": float(Decimal(found[1]) / 100)})
    return [Goal(each, slo) for each in classes]


def _seconds(text: str, label: str) -> float:
    try:
        seconds = float(text) if text[-1:].isdigit() or text[-1:] == "." else parse(text, SECONDS)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise InputError(f"no time above 0: {text!r}", "seconds, or with a unit: 500ms, 1.5s", file=label)
    return seconds
