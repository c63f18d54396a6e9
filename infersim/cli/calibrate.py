"""`infersim calibrate`: curves of a device profile from measured kernel times."""

from __future__ import annotations

from pathlib import Path

import click

from infersim.cli.complete import FILE
from infersim.cli.groups import Group


@click.group(cls=Group, examples=("infersim calibrate fit kernels/h100 --name h100-sxm-80gb",))
def calibrate() -> None:
    """Fit the curves of a device profile to measured kernel times."""


@calibrate.command(
    "fit",
    short_help="Fit operator curves to a folder of kernel tables.",
    examples=(
        "infersim calibrate fit kernels/h100 --name h100-sxm-80gb",
        "infersim calibrate fit kernels/card --name my-card --date 2026-11-25 --source 'our cluster, driver 580'",
    ),
)
@click.argument("path", metavar="PATH", type=FILE)
@click.option("--name", required=True, metavar="NAME", help="Device profile that the tables belong to, or a new name.")
@click.option("--source", metavar="TEXT", help="Where the measurements come from; the folder's name by default.")
@click.option("--date", metavar="DATE", help="Date of the fit, as 2026-11-25; today by default.")
@click.option("--write", is_flag=True, help="Put the curves into the profile instead of printing them.")
def fit(path: str, name: str, source: str | None, date: str | None, write: bool) -> None:
    """Fit every curve that the kernel tables in the folder PATH allow, and say how far off each is on points kept out.

    Tables are Parquet or CSV files, one an operator, in infersim's columns or in those of NVIDIA's public tables.
    A device with a profile is bounded by its peaks; a new name by the highest rates in its table of products.
    """
    import datetime
    import shlex

    from infersim.calibrate.device import as_yaml, limits_seen, operators
    from infersim.calibrate.fitting import Limits
    from infersim.calibrate.tables import Tables
    from infersim.errors import InputError, nearest
    from infersim.load.profiles import list_profiles, load_profile, profile_file

    day = date or datetime.date.today().isoformat()
    try:
        datetime.date.fromisoformat(day)
    except ValueError:
        raise InputError("not a date", "write it as 2026-11-25", "--date", day) from None
    folder = Path(path)
    tables = Tables.read(folder)
    file = profile_file("device", name)
    if file is None and write:
        hint = nearest(name, list_profiles("device")) or "leave --write out to print the curves of a new device"
        raise InputError("no such device profile to write to", hint, "--name", name)
    origin = source or f"kernel tables in {folder.resolve().name}"
    limits = limits_seen(tables, folder) if file is None else Limits.of(load_profile("device", name))
    found = operators(tables, limits, {"date": day, "source": origin})
    command = ["infersim calibrate fit", f"kernels/{folder.resolve().name}", "--name", name.lower()]
    note = " ".join([*command, "--date", day, "--source", shlex.quote(origin)])
    if file is None or not write:
        click.echo(as_yaml(found, note), nl=False)
        return
    _write(file, name, found, note)


def _write(file: Path, name: str, found: dict[str, dict], note: str) -> None:
    """Put curves into a profile; those of its curves that the tables do not give stay."""
    from infersim.calibrate.device import as_yaml, put
    from infersim.load.profiles import load_profile

    device = load_profile("device", name)
    old = device.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    curves = {**old.get("operators", {}), **found}
    text = put(file.read_text(encoding="utf-8"), as_yaml(dict(sorted(curves.items())), note))
    file.write_text(text, encoding="utf-8")
    click.echo(f"{len(found)} curves written to {file}")
