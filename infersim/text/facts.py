"""Figures as labelled sentences and rows of cells, from the object that `--json` prints.

Any figure may be None (nothing to report) and is shown as a dash.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from infersim.units import show_seconds

Summary = dict[str, Any]
LATENCIES = {"ttft_s": "TTFT", "tpot_s": "TPOT", "itl_s": "ITL", "e2e_s": "E2E", "queue_s": "queue"}
STATISTICS = ("mean", "p50", "p90", "p95", "p99")
VERDICTS = {True: "attained", False: "missed", None: "not decided, too many were under way at the end"}
_BY_CHANCE: tuple[tuple[str, str, str, Callable[[float | None], str]], ...] = (
    ("ttft_s", "mean", "mean TTFT", show_seconds),
    ("tpot_s", "mean", "mean TPOT", show_seconds),
    ("throughput", "requests_per_s", "requests/s", lambda value: number(value)),
)
UNNAMED = "unnamed scenario"
NOTHING = "–"


def title(summary: Summary) -> str:
    """The scenario's name."""
    return summary.get("scenario") or UNNAMED


def fleet(summary: Summary) -> dict[str, str]:
    """What was simulated: a sentence a pool."""
    pools = {name: pool["deployment"] for name, pool in _part(summary, "pools").items() if _part(pool, "deployment")}
    label = "fleet" if len(pools) == 1 else "fleet.{}"
    return {label.format(name): deployment(what) for name, what in pools.items()}


def deployment(what: dict[str, Any]) -> str:
    """`2 × llama-3.1-70b (fp8, KV cache bf16), each on 4 × h100-sxm-80gb, vllm`."""
    replicas = what["replicas"]
    tensor = what["devices"] // replicas
    served = f"{replicas:,} × {what['model']} ({what['weights']}, KV cache {what['kv_cache']})"
    each = ", each on" if replicas > 1 and tensor > 1 else " on"
    device = f"{tensor} × {what['device']}" if tensor > 1 else what["device"]
    return f"{served}{each} {device}, {what['engine']}"


def traffic(summary: Summary) -> dict[str, str]:
    """Requests and tokens."""
    requests, tokens = _part(summary, "requests"), _part(summary, "tokens")
    counts = [f"{number(requests.get(name))} {name}" for name in ("arrived", "completed", "rejected")]
    if requests.get("in_system"):
        counts.append(f"{number(requests['in_system'])} still in the system")
    counts.append(f"{number(requests.get('preempted'))} preempted")
    if requests.get("preemptions"):
        counts[-1] += f" ({number(requests['preemptions'])} evictions)"
    reasoning = f" ({number(tokens['reasoning'])} of it reasoning)" if tokens.get("reasoning") else ""
    return {
        "requests": ", ".join(counts),
        **_sessions(_part(summary, "sessions")),
        "tokens": f"{number(tokens.get('prompt'))} prompt, {number(tokens.get('output'))} output{reasoning}",
        **_span(_part(summary, "span")),
    }


def _sessions(sessions: Summary) -> dict[str, str]:
    """Conversations, where there are any."""
    if not sessions:
        return {}
    early = f", {number(sessions['cut'])} ended by the context" if sessions["cut"] else ""
    return {"sessions": f"{number(sessions['begun'])} begun, {number(sessions['completed'])} completed{early}"}


def _span(span: Summary) -> dict[str, str]:
    """Which part of the run the figures cover, where it is not all of it."""
    if not span.get("begin_s") and span.get("warmup") != "auto":
        return {}
    found = "found by MSER-5" if span.get("warmup") == "auto" else "stated"
    begin, end = (show_seconds(span.get(name)) for name in ("begin_s", "end_s"))
    return {"span": f"figures cover {begin} to {end}, after a warm-up that was {found}"}


def latency_rows(summary: Summary) -> list[list[str]]:
    """A head and a row a latency, with its statistics; the head says if they are no steady state's."""
    rows = [["queue grows" if summary.get("overloaded") else "", *STATISTICS]]
    for name, label in LATENCIES.items():
        values = _part(summary, name)
        rows.append([label, *(_time(values.get(statistic)) for statistic in STATISTICS)])
    return rows


def serving(summary: Summary) -> dict[str, str]:
    """What came out, what it took and what it costs."""
    throughput, used = _part(summary, "throughput"), _part(summary, "utilisation")
    kv, batch, queue = (_part(summary, name) for name in ("kv_cache", "batch", "queue"))
    replicas = sum(_part(pool, "deployment").get("replicas", 1) for pool in _part(summary, "pools").values())
    of_one, of_all = (" (a replica)", " (all replicas)") if replicas > 1 else ("", "")
    return {
        "throughput": f"{number(throughput.get('requests_per_s'))} requests/s, "
        f"{number(throughput.get('output_tokens_per_s'))} output tokens/s "
        f"({number(throughput.get('input_tokens_per_s'))} input)",
        "goodput": _goodput(summary.get("goodput")),
        "utilisation": ", ".join(f"{label} {share(used.get(label.lower()))}" for label in ("busy", "MFU", "MBU")),
        "KV cache": f"mean {share(kv.get('mean_fraction'))}, peak {share(kv.get('peak_fraction'))} of "
        f"{number(kv.get('capacity_blocks'))} blocks of {number(kv.get('block_size'))} tokens{of_one}",
        "batch": f"mean {number(batch.get('mean'))}, peak {number(batch.get('peak'))}{of_one}",
        "queue": f"mean {number(queue.get('mean'))}, peak {number(queue.get('peak'))}{of_all}",
        "cost": _cost(summary.get("cost")),
        "energy": _energy(summary.get("energy")),
    }


def class_rows(summary: Summary) -> list[list[str]]:
    """A head and a row a traffic class; nothing where there is one class only."""
    classes = _part(summary, "classes")
    if len(classes) < 2:
        return []
    shown = (("ttft_s", "p50"), ("ttft_s", "p99"), ("tpot_s", "p99"), ("e2e_s", "p99"))
    rows = [["class", "completed", *(f"{LATENCIES[name]} {statistic}" for name, statistic in shown), "goodput"]]
    for name, figures in classes.items():
        times = [_time(_part(figures, latency).get(statistic)) for latency, statistic in shown]
        completed, good = _part(figures, "requests").get("completed"), _part(figures, "goodput").get("fraction")
        rows.append([name, number(completed), *times, share(good)])
    return rows


def origin(summary: Summary) -> dict[str, str]:
    """What the figures rest on, and how long they took."""
    confidence, wall = _part(summary, "confidence"), _part(summary, "wall")
    facts = {}
    if confidence.get("level"):
        by_level: dict[str, list[str]] = {}
        for curve in confidence.get("curves") or []:
            by_level.setdefault(str(curve.get("confidence")), []).append(str(curve.get("curve")))
        parts = "; ".join(f"{level}: {', '.join(names)}" for level, names in by_level.items())
        facts["rests on"] = f"{confidence['level']} numbers" + (f" ({parts})" if parts else "")
    facts |= _chance(_part(summary, "intervals"))
    if not summary.get("overloaded"):  # benchmarks of a growing queue were not among those that were validated
        facts |= _expected(_part(confidence, "prediction_interval"))
    if confidence.get("extrapolated"):
        facts["extrapolated"] = "; ".join(_extrapolation(entry) for entry in confidence["extrapolated"])
    if wall.get("simulate_s") is not None:
        took = f"{show_seconds(wall['simulate_s'])} simulating, {show_seconds(wall.get('total_s'))} in all"
        facts["wall time"] = took
    return facts


def _chance(intervals: Summary) -> dict[str, str]:
    """Where the means would lie, had the run gone on for ever."""
    known = [
        f"{label} {show(interval[0])} to {show(interval[1])}"
        for name, of, label, show in _BY_CHANCE
        if (interval := _part(intervals, name).get(of))
    ]
    return {"by chance": f"{', '.join(known)} (95% intervals by batch means)"} if known else {}


def _expected(interval: Summary) -> dict[str, str]:
    """Where measured means would lie, by the errors of validated runs of the same class."""
    if not interval.get("basis"):
        return {}
    bounds = {name: (interval.get(name) or {}).get("mean") for name in ("ttft_s", "tpot_s")}
    known = [
        f"mean {LATENCIES[name]} {show_seconds(low)} to {show_seconds(high)}"
        for name, (low, high) in ((name, bound) for name, bound in bounds.items() if bound)
    ]
    return {"expected": f"{', '.join(known)} ({interval['basis']})" if known else str(interval["basis"])}


def number(value: float | None) -> str:
    """Whole numbers with commas, others with three digits."""
    if value is None:
        return NOTHING
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def share(fraction: float | None) -> str:
    """A fraction as percent."""
    return NOTHING if fraction is None else f"{100.0 * fraction:.3g}%"


def _part(summary: Summary, name: str) -> Summary:
    return summary.get(name) or {}


def _time(seconds: float | None) -> str:
    """A time in a column: always three digits, so that columns read as one."""
    return show_seconds(seconds, zeros=True)


def _goodput(goodput: Summary | None) -> str:
    if goodput is None:
        return "no SLO given (workload.NAME.slo)"
    met = f"{number(goodput.get('requests_per_s'))} requests/s, {share(goodput.get('fraction'))} of arrivals"
    return f"{met} within {bounds(goodput.get('slo') or {})}{_verdict(goodput)}"


def _verdict(goodput: Summary) -> str:
    if goodput.get("fraction") is None:
        return ""
    asked = (goodput.get("slo") or {}).get("attainment")
    asked = f" ({share(asked)} asked)" if isinstance(asked, float) else ""  # several classes ask each for their own
    return f"{asked}: {VERDICTS[goodput.get('attained')]}"


def bounds(slo: Summary) -> str:
    """The bounds of one SLO, or of several classes, each by its name."""
    if any(isinstance(value, dict) for value in slo.values()):
        return "; ".join(f"{name}: {bounds(each)}" for name, each in slo.items())
    given = [f"{LATENCIES[name]} {show_seconds(slo[name])}" for name in LATENCIES if slo.get(name) is not None]
    return ", ".join(given) or NOTHING


def _cost(cost: Summary | None) -> str:
    if cost is None:
        return "no price given (fleet.NAME.purchase.price_usd_per_h)"
    units = {"total": "in all", "per_request": "a request", "per_million_output_tokens": "per million output tokens"}
    parts = [f"{_usd(cost.get(f'usd_{name}'))} {unit}" for name, unit in units.items()]
    source = cost.get("price_source") or "source not stated"
    return ", ".join([*parts, f"at {_usd(cost.get('price_usd_per_h'))} a device-hour ({source})"])


def _energy(energy: Summary | None) -> str:
    if energy is None:
        return "no power stated for the device (power_w)"
    units = {"total": "in all", "per_request": "a request", "per_output_token": "an output token"}
    parts = [f"{number(energy.get(f'joules_{name}'))} J {unit}" for name, unit in units.items()]
    power = _part(energy, "device_power_w")
    mean, peak = number(power.get("mean")), number(power.get("peak"))
    return ", ".join([*parts, f"a device {mean} W in the mean, {peak} W at most"])


def _extrapolation(entry: Summary) -> str:
    where = f"{entry.get('curve')} at {entry.get('argument')}"
    return f"{where} {_range(entry.get('seen'))}, fitted {_range(entry.get('range'))}"


def _range(bounds: Sequence[float] | None) -> str:
    return "–".join(dict.fromkeys(number(bound) for bound in bounds)) if bounds else NOTHING


def _usd(amount: float | None) -> str:
    if amount is None:
        return NOTHING
    if amount >= 1.0 or amount == 0.0:
        return f"${amount:,.2f}"
    return f"${float(f'{amount:.3g}'):.12f}".rstrip("0")  # three digits, without an exponent
