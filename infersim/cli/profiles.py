"""`infersim devices` and `infersim models`: which profiles there are, and what stands in one."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import click

from infersim.cli.groups import Group
from infersim.cli.output import print_json, terminal_width
from infersim.text.columns import columns


def _group(kind: str, row: Callable[[Any], dict[str, str]]) -> click.Group:
    group = Group(f"{kind}s", help=f"List the {kind} profiles, or show one.")
    folder = click.option(
        "--profiles", metavar="DIR", help="Folder of profiles of your own, laid over the shipped ones."
    )
    as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

    @group.command("list", help=f"List all {kind}s.")
    @folder
    @as_json
    def list_all(profiles: str | None, as_json: bool) -> None:
        from infersim.load import list_profiles, load_profile, overlay

        with overlay(profiles):
            found = [load_profile(kind, name) for name in list_profiles(kind)]
        if as_json:
            print_json([_plain(profile) for profile in found])
        else:
            _print_table([row(profile) for profile in found])

    @group.command("show", help=f"Show one {kind} with the source of every number.")
    @click.argument("name")
    @folder
    @as_json
    def show(name: str, profiles: str | None, as_json: bool) -> None:
        from infersim.load import load_profile, overlay, to_yaml

        with overlay(profiles):
            data = _plain(load_profile(kind, name))
        if as_json:
            print_json(data)
        else:
            click.echo(to_yaml(data), nl=False)

    return group


def _plain(profile: Any) -> dict[str, Any]:
    return profile.model_dump(mode="json", by_alias=True, exclude_none=True)


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
        "memory": f"{device.memory.bytes / 1e9:.1f} GB",
        "bandwidth": f"{device.memory.bandwidth_bytes_per_s / 1e12:.2f} TB/s",
        "bf16": _tflops(peaks.bf16),
        "fp8": _tflops(peaks.fp8),
        "power": f"{device.power_w.limit:.0f} W" if device.power_w else "–",
        "rests on": ", ".join(curves) or "no curves",
    }


def _tflops(flops_per_s: float | None) -> str:
    return "–" if flops_per_s is None else f"{flops_per_s / 1e12:,.0f} TFLOPS"


def _model(model: Any) -> dict[str, str]:
    return {
        "model": model.name,
        "parameters": f"{model.params / 1e9:.2f} B",
        "type": model.dtype,
        "layers": str(model.layers),
        "hidden": f"{model.hidden:,}",
        "heads": f"{model.heads}/{model.kv_heads}",
        "context": f"{model.max_position:,}",
    }


devices = _group("device", _device)
models = _group("model", _model)
