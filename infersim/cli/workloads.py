"""`infersim workloads`: the shipped workload models, what a trace or a model is like, and models of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infersim.cli.complete import FILE, complete_name
from infersim.cli.options import PROFILES
from infersim.cli.output import check_folder, print_json, terminal_width
from infersim.cli.profiles import group
from infersim.units import show_seconds

if TYPE_CHECKING:
    from infersim.workload.requests import Requests

PROFILE = (".yaml", ".yml")


MOST_DRAWN = 10**6
"""About so many requests are drawn at most of a model that is described, from its beginning."""


def _row(model: Any) -> dict[str, str]:
    from infersim.workload import models

    dispersion, requests = "–", round(model.fit.requests) if model.kind == "clients" else model.requests
    if model.kind == "fitted":
        index = dict(zip(model.arrivals.dispersion.window_s, model.arrivals.dispersion.index, strict=True))
        dispersion = f"{index[60.0]:.3g}" if 60.0 in index else "–"
    return {
        "workload": model.name,
        "kind": model.kind,
        "rate": f"{models.mean_rate_per_s(model):.4g}/s",
        "span": show_seconds(models.span_s(model)),
        "dispersion 60 s": dispersion,
        "made from": f"{requests:,}",
        "source": model.source if len(model.source) <= 60 else f"{model.source[:59]}…",
    }


workloads = group("workload", _row, "azure-chat-2023")
_format = click.option("--format", "form", metavar="FORMAT", help="Of the trace; as workload.NAME.trace.format.")
_settings = click.option(
    "--set",
    "settings",
    metavar="KEY=VALUE",
    multiple=True,
    help="Of the trace, as under workload.NAME.trace: 'columns={arrival_s: when, prompt_tokens: in, …}'; repeatable.",
)


@workloads.command(
    "describe",
    short_help="Rate, burstiness and lengths of a trace or a model.",
    examples=(
        "infersim workloads describe azure-chat-2023",
        "infersim workloads describe requests.csv.gz --format azure --out out/requests",
    ),
)
@click.argument("what", metavar="TRACE|NAME", shell_complete=complete_name("workload", files=True))
@_format
@_settings
@PROFILES
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Draw it into DIR/workload.png, too.")
def describe(
    what: str, form: str | None, settings: tuple[str, ...], profiles: str | None, as_json: bool, out: Path | None
) -> None:
    """Say what a trace's file or a workload model is like.

    Rate, burstiness (variation and autocorrelation of the gaps, index of dispersion by time scale), lengths and their
    correlation, and how much of the prompts was seen before. Of a model, requests are drawn for as long as its trace.
    """
    from infersim.load import overlay
    from infersim.text.traffic import describe as told
    from infersim.workload.description import describe as figures_of

    if out is not None:
        check_folder(out)
    with overlay(profiles):
        name, requests, span_s, lacking = _requests(what, form, settings)
    figures = {"name": name, **figures_of(requests, span_s)}
    if as_json:
        print_json({**figures, "not_reproduced": lacking})
    else:
        click.echo("\n".join(told(name, figures, lacking, terminal_width(without=1000))))
    if out is not None:
        _draw(requests, name, out)


@workloads.command(
    "fit",
    short_help="Make a workload model from a trace.",
    examples=(
        "infersim workloads fit requests.csv --name ours --out ours.yaml",
        "infersim workloads fit requests.csv --name ours --source 'our gateway, May' --licence internal",
    ),
)
@click.argument("trace", metavar="TRACE", type=FILE)
@click.option("--name", required=True, metavar="NAME", help="Of the model: a-z, 0-9, - and dots.")
@_format
@_settings
@click.option("--source", metavar="TEXT", help="Where the trace comes from; its file's name by default.")
@click.option("--licence", metavar="TEXT", help="Of the trace.")
@click.option("--date", metavar="DATE", help="Date of the fit, as 2026-11-25; today by default.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write the profile here; else print it.")
@click.option("--write", is_flag=True, help="Write it among the shipped profiles.")
def fit(
    trace: str, name: str, form: str | None, settings: tuple[str, ...], source: str | None, licence: str | None,
    date: str | None, out: Path | None, write: bool,
) -> None:  # fmt: skip
    """Fit a workload model to TRACE and print it as a profile, with how far it is off.

    Use it in a scenario by its file's path, `model: mine.yaml`, or by its name from a folder of profiles.
    """
    from infersim.calibrate.traffic.fit import fit as fitted
    from infersim.calibrate.traffic.profile import checked_name, command, day, text
    from infersim.errors import InputError

    checked_name(name)
    target = _target(name, out, write)
    when = day(date)
    _, requests = _trace(trace, form, settings)
    again = command(Path(trace).name, name, form, {"--source": source, "--licence": licence, "--date": when})
    try:
        model = fitted(requests, name, source or f"trace {Path(trace).name}", when, again, licence)
    except InputError as error:
        raise error.located(trace) from None
    if target is None:
        click.echo(text(model), nl=False)
        return
    target.write_text(text(model), encoding="utf-8")
    ks, off = model.in_sample.ks, model.in_sample.dispersion
    distances = f"{ks.prompt_tokens:.3f} (prompt), {ks.output_tokens:.3f} (output), {ks.gaps_s:.3f} (gaps)"
    click.echo(f"{target}: Kolmogorov-Smirnov distances {distances};")
    click.echo(
        f"index of dispersion off by {', '.join(f'{error:.0%} at {window}' for window, error in off.items())}, at most"
    )


def _target(name: str, out: Path | None, write: bool) -> Path | None:
    """The file to write, refused before anything is fitted where it cannot be one; None to print."""
    from infersim.errors import InputError
    from infersim.load import profiles_root

    if write and out is not None:
        raise InputError("stands beside --write", "keep one of them", "--out", str(out))
    if out is not None and (out.is_dir() or not out.parent.is_dir()):
        problem = "is a folder; a file is needed" if out.is_dir() else "its folder does not exist"
        raise InputError(problem, "", "--out", str(out))
    return profiles_root() / "workloads" / f"{name}.yaml" if write else out


def _requests(what: str, form: str | None, settings: tuple[str, ...]) -> tuple[str, Requests, float | None, list[str]]:
    """Name and requests of a trace's file; or drawn from a model, for how long [s], and what the model lacks."""
    from infersim.load import list_profiles, load_profile

    is_profile = what.lower().endswith(PROFILE) or not set("/.") & set(what) or what in list_profiles("workload")
    if form is not None or settings or not is_profile:
        return *_trace(what, form, settings), None, []
    from infersim.workload import models

    model = load_profile("workload", what, "NAME")
    span_s = min(models.span_s(model), MOST_DRAWN / models.mean_rate_per_s(model))
    drawn = models.requests(model, 0, "describe", None, None, span_s)
    return model.name, drawn, span_s, list(model.not_reproduced)


def _trace(file: str, form: str | None, settings: tuple[str, ...]) -> tuple[str, Requests]:
    from infersim.load.messages import validated
    from infersim.load.overrides import apply
    from infersim.load.places import Places
    from infersim.rng import stream
    from infersim.spec.trace import Trace
    from infersim.workload import traces

    asked: dict[str, Any] = {"path": file, **({"format": form} if form else {})}
    places = Places()
    for setting in settings:
        asked = apply(asked, places, setting)
    return Path(file).name, traces.read(validated(Trace, asked, places), Path(), stream(0, "workload", "trace"))


def _draw(requests: Requests, name: str, out: Path) -> None:
    from infersim.errors import InputError
    from infersim.plots.traffic import traffic_page

    if len(requests) < 2 or requests.arrival_s[-1] <= requests.arrival_s[0]:
        raise InputError("requests that all arrive at once make no picture", "", "--out", str(out))
    target = out / "workload.png"
    traffic_page(requests, name).savefig(target, dpi=120)
    click.echo(f"drawn: {target}", err=True)
