"""An explanation as a page: figures, steps by operator, memory, what moves the answer; from what `--json` prints."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from infersim.text import facts
from infersim.text.blocks import rows_block, sentences, warning_lines
from infersim.text.columns import columns
from infersim.units import show_bytes, show_seconds

_OPERATORS = ("operator", "calls", "time", "share", "FLOPs", "bytes", "bound by")
_DROPPED = ("calls", "FLOPs", "bytes")
"""Columns that a narrow terminal does without, in this order."""
_FIGURES = {"ttft_s.mean": "TTFT", "tpot_s.mean": "TPOT", "throughput.output_tokens_per_s": "tokens/s"}
_STILL = 0.0005
"""Relative change below which an assumption does not move a figure."""


def explanation(data: dict[str, Any], width: int = 80) -> str:
    """An explanation as text.

    Args:
        data: what `infersim.explain.explain` returns.
        width: columns of the terminal.
    """
    heading = f"{facts.title(data)}, seed {facts.number(data['seed'])}: what its figures are made of"
    blocks = [
        textwrap.wrap(heading, width),
        warning_lines(data["warnings"], width),
        sentences(facts.fleet(data) | _predicted(data["figures"]) | facts.origin(data), width),
        *(_step(step, width) for step in data["steps"]),
        sentences(_memory(data["memory"]) | _front_end(data["front_end"]), width),
        _assumptions(data["assumptions"], width),
        sentences(_unmoved(data["assumptions"]) | _prefix_cache(data["prefix_cache"]), width),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _predicted(figures: dict[str, Any]) -> dict[str, str]:
    ttft, tpot, rate = (figures[name] for name in _FIGURES)
    said = f"mean TTFT {show_seconds(ttft)}, mean TPOT {show_seconds(tpot)}, {facts.number(rate)} output tokens/s"
    return {"predicted": said}


def _step(step: dict[str, Any], width: int) -> list[str]:
    """A sentence about the typical step of a kind, and its operators."""
    head = f"{step['kind']} step: {show_seconds(step['seconds'])} with {_batch(step['batch'])}; "
    head += f"{facts.number(round(step['steps']))} such steps take {facts.share(step['busy_share'])} of the busy time"
    rows = [dict(zip(_OPERATORS, _cells(row), strict=True)) for row in step["operators"]]
    shown = list(_OPERATORS)
    for name in (*_DROPPED, ""):
        table = [shown, *([row[each] for each in shown] for row in rows)]
        if max(map(len, columns(table))) <= width or not name:
            break
        shown.remove(name)
    return [*textwrap.wrap(head, width), *rows_block(table, width)]


def _batch(batch: dict[str, Any]) -> str:
    parts = []
    if batch["decode_seqs"]:
        each = batch["decode_context_tokens"] / batch["decode_seqs"]
        parts.append(f"{_count(batch['decode_seqs'], 'sequence')} decoding on {each:,.0f} tokens each")
    if batch["prefill_tokens"]:
        after = f" after {batch['prefill_context_tokens']:,} earlier ones" if batch["prefill_context_tokens"] else ""
        prompts = _count(batch["prefill_chunks"], "prompt")
        parts.append(f"{batch['prefill_tokens']:,} new tokens of {prompts}{after}")
    return " and ".join(parts)


def _cells(row: dict[str, Any]) -> list[str]:
    flops, size = row["flops"], row["bytes"]
    return [
        row["operator"],
        str(row["calls"]),
        show_seconds(row["seconds"], zeros=True),
        f"{100 * row['share']:.1f}%",
        _flops(flops) if flops else facts.NOTHING,
        show_bytes(size) if size else facts.NOTHING,
        row["bound"],
    ]


def _flops(amount: float) -> str:
    unit, scale = next(
        ((unit, scale) for unit, scale in (("P", 1e15), ("T", 1e12), ("G", 1e9), ("M", 1e6)) if amount >= scale),
        ("", 1.0),
    )
    return f"{amount / scale:.1f} {unit}".rstrip()


def _memory(memory: dict[str, Any]) -> dict[str, str]:
    parts = {"weights": "weights", "activations": "activation", "runtime": "runtime", "KV pool": "kv"}
    held = ", ".join(f"{label} {show_bytes(memory[f'{name}_bytes'])}" for label, name in parts.items())
    pool = f"{memory['capacity_tokens']:,} tokens in {memory['capacity_blocks']:,} blocks"
    pool += f", {show_bytes(memory['kv_bytes_per_token'])} a token and device"
    if memory["state_bytes_per_seq"]:
        pool += f", and {show_bytes(memory['state_bytes_per_seq'])} of state a sequence"
    if memory["requests_held"] is not None and memory["mean_request_tokens"] is not None:
        requests = _count(memory["requests_held"], "request")
        pool += f"; {requests} of {memory['mean_request_tokens']:,.0f} tokens, the mean, at a time"
        pool += f" ({memory['max_seqs']:,} may run)"
    return {"memory": f"a device may use {show_bytes(memory['usable_bytes'])}: {held}", "KV pool": pool}


def _front_end(front_end: dict[str, Any]) -> dict[str, str]:
    said = f"{show_seconds(front_end['delay_s'])} before every first token"
    if front_end["serial_s"]:
        said += f"; one request after another takes {show_seconds(front_end['serial_s'])}"
        said += f", so that at most {facts.number(front_end['requests_per_s_at_most'])} a second pass"
    return {"front end": said}


def _assumptions(varied: dict[str, Any], width: int) -> list[str]:
    """A line a change that moves a figure, largest first, then the changes that cannot be run."""
    base, head = varied["base"], f"what would move it (means of {_count(varied['requests'], 'request')})"
    rows = [["assumption", "changed to", *_FIGURES.values()]]
    now = [show_seconds(base[name], zeros=True) for name in list(_FIGURES)[:2]]
    rows.append(["(none)", "", *now, facts.number(base[list(_FIGURES)[2]])])
    for each in varied["changes"]:
        if _moves(each, varied):
            rejected = f" ({each['rejected']:,} rejected)" if each["rejected"] != varied["rejected"] else ""
            moved = (_percent(each["moved"][name]) for name in _FIGURES)
            rows.append([each["assumption"], each["change"] + rejected, *moved])
    lines = columns(rows, left=2)
    made = lines if max(map(len, lines)) <= width else rows_block(_folded(rows), width)
    refused = {f"{each['assumption']} {each['change']}": each["why"].split("; ")[0] for each in varied["refused"]}
    return [*textwrap.wrap(head, width), *made, *sentences(refused, width)]


def _folded(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """The rows with assumption and change in one cell, so that a narrow terminal can have a sentence for each."""
    return [[" ".join(filter(None, row[:2])), *row[2:]] for row in rows]


def _unmoved(varied: dict[str, Any]) -> dict[str, str]:
    names = dict.fromkeys(each["assumption"] for each in varied["changes"])
    moving = {each["assumption"] for each in varied["changes"] if _moves(each, varied)}
    still = [name for name in names if name not in moving]
    return {"moves nothing": ", ".join(still)} if still else {}


def _prefix_cache(cache: dict[str, Any]) -> dict[str, str]:
    share = cache["prefill_share"]
    most = "" if share is None else f": prompts take {facts.share(share)} of the busy time, the most that it could save"
    return {"prefix cache": f"not modelled{most}"}


def _moves(change: dict[str, Any], varied: dict[str, Any]) -> bool:
    """Whether a change does anything that the page would show."""
    largest = max((abs(moved) for moved in change["moved"].values() if moved is not None), default=0.0)
    return largest >= _STILL or change["rejected"] != varied["rejected"]


def _percent(fraction: float | None) -> str:
    return facts.NOTHING if fraction is None else f"{round(100 * fraction, 1) + 0.0:+.1f}%"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
