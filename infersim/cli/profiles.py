"""`infersim devices` and `infersim models`: which profiles there are, and what stands in one."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import click

from infersim.cli.complete import complete_name
from infersim.cli.device_check import check
from infersim.cli.groups import Group
from infersim.cli.options import PROFILES
from infersim.cli.output import print_json, terminal_width
from infersim.text.blocks import folded
from infersim.text.columns import columns


def group(kind: str, row: Callable[[Any], dict[str, str]], example: str) -> Group:
    """The commands `list` and `show` of one kind of profiles; `row` makes a line of the list, `example` is a name."""
    listing, showing = f"infersim {kind}s list", f"infersim {kind}s show {example}"
    made = Group(f"{kind}s", help=f"List the {kind} profiles, or show one.", examples=(listing, showing))
    as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

    @made.command("list", help=f"List all {kind}s.", examples=(listing, f"{listing} --profiles my-profiles --json"))
    @PROFILES
    @as_json
    def list_all(profiles: str | None, as_json: bool) -> None:
        from infersim.load import list_profiles, load_profile, overlay

        with overlay(profiles):
            found = [load_profile(kind, name) for name in list_profiles(kind)]
        if as_json:
            print_json([_plain(profile) for profile in found])
        else:
            _print_table([row(profile) for profile in found])

    @made.command(
        "show", help=f"Show one {kind} with the source of every number.", examples=(showing, f"{showing} --json")
    )
    @click.argument("name", shell_complete=complete_name(kind))
    @PROFILES
    @as_json
    def show(name: str, profiles: str | None, as_json: bool) -> None:
        from infersim.load import load_profile, overlay, to_yaml

        with overlay(profiles):
            profile = load_profile(kind, name)
        if as_json:
            print_json(_plain(profile))
        else:
            click.echo(folded(to_yaml(_terse(profile)), terminal_width(without=1000)), nl=False)

    return made


def _plain(profile: Any) -> dict[str, Any]:
    return profile.model_dump(mode="json", by_alias=True, exclude_none=True)


def _terse(profile: Any) -> dict[str, Any]:
    """Plain data without what a model's blocks leave at its default."""
    data = _plain(profile)
    for name in ("attention", "feed_forward"):
        blocks = getattr(profile, name, ())
        shown = [{"kind": block.kind, **block.model_dump(mode="json", exclude_defaults=True)} for block in blocks]
        if shown:
            data[name] = shown
    return data


def _print_table(rows: list[dict[str, str]]) -> None:
    """Aligned columns; those at the right are left out, and named on stderr, where the terminal is too narrow."""
    shown, width = list(rows[0]), terminal_width(without=1000)
    while True:
        lines = columns([shown, *([row[name] for name in shown] for row in rows)])
        if len(shown) == 1 or max(map(len, lines)) <= width:
            break
        shown.pop()
    click.echo("\n".join(lines))
    left_out = list(rows[0])[len(shown) :]
    if left_out:
        click.echo(textwrap.fill(f"(a wider terminal shows {', '.join(left_out)}, too)", width), err=True)


def _device(device: Any) -> dict[str, str]:
    peaks = device.peak_flops
    curves = sorted({curve.confidence for curve in device.operators.values()})
    return {
        "device": device.name,
        "memory": _bytes(device.memory.bytes),
        "bandwidth": f"{_bytes(device.memory.bandwidth_bytes_per_s, digits=0)}/s",
        "bf16": _tflops(peaks.bf16),
        "fp8": _tflops(peaks.fp8),
        "power": f"{device.power_w.limit:.0f} W" if device.power_w else "–",
        "rests on": ", ".join(curves) or (f"as {device.relative}" if device.relative else "data sheet"),
    }


def _bytes(size: float, digits: int = 1) -> str:
    """In GB; in MB what is less than one."""
    return f"{size / 1e6:,.0f} MB" if size < 1e9 else f"{size / 1e9:,.{digits if size >= 1e10 else 1}f} GB"


def _tflops(flops_per_s: float | None) -> str:
    return "–" if flops_per_s is None else f"{flops_per_s / 1e12:,.0f} TFLOPS"


def _model(model: Any) -> dict[str, str]:
    chosen = [f"{block.experts_per_token} of {block.experts}" for block in model.feed_forward if block.kind == "moe"]
    return {
        "model": model.name,
        "parameters": f"{model.params / 1e9:,.2f} B",
        "type": model.dtype + (f", {model.moe_dtype}" if model.moe_dtype else ""),
        "layers": str(model.layers),
        "hidden": f"{model.hidden:,}",
        "attention": ", ".join(dict.fromkeys(_mixer(block) for block in model.attention)),
        "experts": ", ".join(dict.fromkeys(chosen)) or "–",
        "context": f"{model.max_position:,}",
    }


def _mixer(block: Any) -> str:
    """`gqa 32/8`, `window 32/8`, `mla 128`, `linear`: heads, and KV heads where they may be shared."""
    if block.kind == "linear":
        return "linear"
    if block.kind == "mla":
        return f"mla {block.heads}"
    return f"{'window' if block.window else 'gqa'} {block.heads}/{block.kv_heads}"


devices = group("device", _device, "h100-sxm-80gb")
devices.add_command(check)
models = group("model", _model, "llama-3.1-8b")
