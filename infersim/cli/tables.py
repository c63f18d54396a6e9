"""The figures of a run for people: one page of text from the object that `--json` prints.

Any figure may be None (nothing to report) and is shown as a dash.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from infersim.cli.output import columns
from infersim.units import show_seconds

_LATENCIES = {"ttft_s": "TTFT", "tpot_s": "TPOT", "itl_s": "ITL", "e2e_s": "E2E", "queue_s": "queue"}
_STATISTICS = ("mean", "p50", "p90", "p95", "p99")
_LABEL = 13
_NOTHING = "–"


def summary_table(summary: dict[str, Any], width: int = 80) -> str:
    """A run's figures as text.

    Args:
        summary: what `Result.summary()` returns.
        width: columns of the terminal; long lines are wrapped to it.
    """
    title = f"{summary.get('scenario') or 'unnamed scenario'}, seed {_number(summary.get('seed'))}"
    blocks = [
        textwrap.wrap(title, width),
        _facts(_traffic(summary), width),
        _latencies(summary, width),
        _facts(_serving(summary), width),
        *([_classes(summary["classes"], width)] if len(summary.get("classes") or {}) > 1 else []),
        _facts(_origin(summary), width),
        _warnings(summary.get("warnings") or [], width),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _traffic(summary: dict[str, Any]) -> dict[str, str]:
    requests, tokens = summary.get("requests") or {}, summary.get("tokens") or {}
    counts = [f"{_number(requests.get(name))} {name}" for name in ("arrived", "completed", "rejected")]
    if requests.get("in_system"):
        counts.append(f"{_number(requests['in_system'])} still in the system")
    counts.append(f"{_number(requests.get('preempted'))} preempted")
    if requests.get("preemptions"):
        counts[-1] += f" ({_number(requests['preemptions'])} evictions)"
    return {
        "requests": ", ".join(counts),
        "tokens": f"{_number(tokens.get('prompt'))} prompt, {_number(tokens.get('output'))} output",
    }


def _latencies(summary: dict[str, Any], width: int) -> list[str]:
    rows = [["", *_STATISTICS]]
    for name, label in _LATENCIES.items():
        values = summary.get(name) or {}
        rows.append([label, *(show_seconds(values.get(statistic)) for statistic in _STATISTICS)])
    lines = columns(rows)
    if max(map(len, lines)) <= width:
        return lines
    facts = {
        row[0]: ", ".join(f"{name} {cell}" for name, cell in zip(_STATISTICS, row[1:], strict=True)) for row in rows[1:]
    }
    return _facts(facts, width)


def _serving(summary: dict[str, Any]) -> dict[str, str]:
    throughput, used = summary.get("throughput") or {}, summary.get("utilisation") or {}
    kv, batch, queue = (summary.get(name) or {} for name in ("kv_cache", "batch", "queue"))
    return {
        "throughput": f"{_number(throughput.get('requests_per_s'))} requests/s, "
        f"{_number(throughput.get('output_tokens_per_s'))} output tokens/s",
        "goodput": _goodput(summary.get("goodput")),
        "utilisation": ", ".join(f"{label} {_share(used.get(label.lower()))}" for label in ("busy", "MFU", "MBU")),
        "KV cache": f"mean {_share(kv.get('mean_fraction'))}, peak {_share(kv.get('peak_fraction'))} of "
        f"{_number(kv.get('capacity_blocks'))} blocks of {_number(kv.get('block_size'))} tokens",
        "batch": f"mean {_number(batch.get('mean'))}, peak {_number(batch.get('peak'))}",
        "queue": f"mean {_number(queue.get('mean'))}, peak {_number(queue.get('peak'))}",
        "cost": _cost(summary.get("cost")),
    }


def _goodput(goodput: dict[str, Any] | None) -> str:
    if goodput is None:
        return "no SLO given (workload.NAME.slo)"
    met = f"{_number(goodput.get('requests_per_s'))} requests/s, {_share(goodput.get('fraction'))} of arrivals"
    return f"{met} within {_bounds(goodput.get('slo') or {})}"


def _bounds(slo: dict[str, Any]) -> str:
    """The bounds of one SLO, or of several classes, each by its name."""
    if any(isinstance(value, dict) for value in slo.values()):
        return "; ".join(f"{name}: {_bounds(bounds)}" for name, bounds in slo.items())
    given = [f"{_LATENCIES[name]} {show_seconds(slo[name])}" for name in _LATENCIES if slo.get(name) is not None]
    return ", ".join(given) or _NOTHING


def _cost(cost: dict[str, Any] | None) -> str:
    if cost is None:
        return "no price given (fleet.NAME.purchase.price_usd_per_h)"
    units = {"total": "in all", "per_request": "a request", "per_million_output_tokens": "per million output tokens"}
    parts = [f"{_usd(cost.get(f'usd_{name}'))} {unit}" for name, unit in units.items()]
    source = cost.get("price_source") or "source not stated"
    return ", ".join([*parts, f"at {_usd(cost.get('price_usd_per_h'))} a device-hour ({source})"])


def _classes(classes: dict[str, Any], width: int) -> list[str]:
    rows = [["class", "completed", "TTFT p50", "TTFT p99", "TPOT p99", "goodput"]]
    for name, figures in classes.items():
        ttft, tpot, goodput = (figures.get(key) or {} for key in ("ttft_s", "tpot_s", "goodput"))
        completed = _number((figures.get("requests") or {}).get("completed"))
        times = [show_seconds(ttft.get("p50")), show_seconds(ttft.get("p99")), show_seconds(tpot.get("p99"))]
        rows.append([name, completed, *times, _share(goodput.get("fraction"))])
    lines = columns(rows)
    if max(map(len, lines)) <= width:
        return lines
    return _facts({row[0]: ", ".join(map(" ".join, zip(rows[0][1:], row[1:], strict=True))) for row in rows[1:]}, width)


def _origin(summary: dict[str, Any]) -> dict[str, str]:
    confidence, wall = summary.get("confidence") or {}, summary.get("wall") or {}
    facts = {}
    if confidence.get("level"):
        by_level: dict[str, list[str]] = {}
        for curve in confidence.get("curves") or []:
            by_level.setdefault(str(curve.get("confidence")), []).append(str(curve.get("curve")))
        parts = "; ".join(f"{level}: {', '.join(names)}" for level, names in by_level.items())
        facts["rests on"] = f"{confidence['level']} numbers" + (f" ({parts})" if parts else "")
    if confidence.get("extrapolated"):
        facts["extrapolated"] = "; ".join(_extrapolation(entry) for entry in confidence["extrapolated"])
    if wall.get("simulate_s") is not None:
        facts["wall time"] = (
            f"{show_seconds(wall['simulate_s'])} simulating, {show_seconds(wall.get('total_s'))} in all"
        )
    return facts


def _extrapolation(entry: dict[str, Any]) -> str:
    where = f"{entry.get('curve')} at {entry.get('argument')}"
    return f"{where} {_range(entry.get('seen'))}, fitted {_range(entry.get('range'))}"


def _range(bounds: Sequence[float] | None) -> str:
    return "–".join(_number(bound) for bound in bounds) if bounds else _NOTHING


def _warnings(warnings: list[str], width: int) -> list[str]:
    return [line for text in warnings for line in textwrap.wrap(f"warning: {text}", width, subsequent_indent="  ")]


def _facts(facts: dict[str, str], width: int) -> list[str]:
    """Labelled sentences, wrapped; labels stand above them where the terminal is narrow."""
    if width < 40:
        return [
            line
            for label, text in facts.items()
            for line in (label, *textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="  "))
        ]
    indent = max(_LABEL, *(len(label) + 2 for label in facts)) if facts else _LABEL
    return [
        line
        for label, text in facts.items()
        for line in textwrap.wrap(text, width, initial_indent=label.ljust(indent), subsequent_indent=" " * indent)
    ]


def _number(value: float | None) -> str:
    """Whole numbers with commas, others with three digits."""
    if value is None:
        return _NOTHING
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _share(fraction: float | None) -> str:
    return _NOTHING if fraction is None else f"{100.0 * fraction:.3g}%"


def _usd(amount: float | None) -> str:
    if amount is None:
        return _NOTHING
    return f"${amount:,.2f}" if amount >= 1.0 or amount == 0.0 else f"${amount:.3g}"
