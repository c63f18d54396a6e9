"""`infersim results`: what a sweep found, as a table to read, or in a format for programs."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infersim.cli.groups import Command
from infersim.cli.output import terminal_width
from infersim.errors import InputError

if TYPE_CHECKING:
    from infersim.sweep.outcome import SweepResult

_SHOWN = 40
_COPY = {"csv": "FORMAT csv, HEADER", "parquet": "FORMAT parquet", "json": "FORMAT json, ARRAY true"}


@click.command(
    cls=Command,
    short_help="Show what a sweep found.",
    examples=(
        "infersim results out/study --columns fleet.main.replicas,ttft_s.p99 --format md",
        """infersim results out/study --sql 'SELECT point, "simulated.ttft_s.p99" FROM results ORDER BY 2 LIMIT 3'""",
        "infersim results out/study --plot front.png --pareto throughput.output_tokens_per_s,ttft_s.p99",
    ),
)
@click.argument("folder", metavar="DIR")
@click.option("--sql", metavar="SELECT", help="A question about the view results; names with dots in double quotes.")
@click.option("--columns", metavar="A,B,…", help="Only these columns; ttft_s.p99 stands for simulated.ttft_s.p99.")
@click.option("--format", "form", type=click.Choice(["csv", "parquet", "json", "md"]), help="For programs and pages.")
@click.option("--plot", metavar="FILE.png", help="Draw it: lines by axis, unless --heat or --pareto is there.")
@click.option("--figures", metavar="A,B,…", help="What --plot draws, a panel each.")
@click.option("--heat", metavar="A", help="A map of a figure over two axes.")
@click.option("--pareto", metavar="X,Y", help="Two figures and their front; X:lower or X:higher where it is not plain.")
@click.option("--profiles", metavar="DIR", help="The folder that the sweep was given, for one that is not finished.")
def results(
    folder: str,
    sql: str | None,
    columns: str | None,
    form: str | None,
    plot: str | None,
    figures: str | None,
    heat: str | None,
    pareto: str | None,
    profiles: str | None,
) -> None:
    """Show the result table of a sweep; of one that is not finished, what is there by now."""
    from infersim.load import overlay
    from infersim.sweep.stored import stored

    if plot is None and (figures or heat or pareto):
        raise InputError("say where the picture goes", "--plot FILE.png", "--figures, --heat and --pareto")
    if sum(map(bool, (figures, heat, pareto))) > 1:
        raise InputError("one picture at a time", "give one of the three", "--figures, --heat and --pareto")
    with overlay(profiles), stored(Path(folder)) as found:
        if plot is not None:
            _draw(found.whole(), Path(plot), figures, heat, pareto)
            return
        if sql is None and columns is None and form is None:
            click.echo(found.page(terminal_width(), _SHOWN))
            return
        if sql is None and columns is not None and form is None:
            click.echo(found.chosen_page(columns, terminal_width()))
            return
        if form == "parquet" and sys.stdout.isatty():
            raise InputError(
                "is no text for a terminal",
                f"infersim results {folder} --format parquet > file.parquet",
                file="--format parquet",
            )
        asked = sql or found.select(columns)
        if form in _COPY:
            with tempfile.TemporaryDirectory() as draft:
                path = Path(draft) / "answer"
                found.query.write(asked, path, _COPY[form], _label(sql))
                sys.stdout.flush()
                with path.open("rb") as answer:
                    shutil.copyfileobj(answer, sys.stdout.buffer)
            return
        names, rows = found.query.run(asked, _label(sql))
        letters = terminal_width() // 2 if sys.stdout.isatty() and form is None else None
        _print(names, [["" if cell is None else _shown(cell)[:letters] for cell in row] for row in rows], form == "md")


def _draw(found: SweepResult, target: Path, figures: str | None, heat: str | None, pareto: str | None) -> None:
    from infersim.sweep.pictures import save_picture

    if heat:
        made = found.plot_heat(heat)
    elif pareto:
        sides = [name.strip() for name in pareto.split(",")]
        if len(sides) != 2:
            raise InputError("two figures are needed", "ttft_s.p99,throughput.output_tokens_per_s", value=pareto)
        made = found.plot_pareto(*sides)
    else:
        made = found.plot([name.strip() for name in figures.split(",")] if figures else None)
    click.echo(f"picture: {save_picture(made, target)}", err=True)


def _label(sql: str | None) -> str:
    return "" if sql is None else f"--sql {sql}"


def _shown(cell: object) -> str:
    return f"{cell:.6g}" if isinstance(cell, float) else str(cell)


def _print(names: list[str], rows: list[list[str]], markdown: bool) -> None:
    from infersim.text.columns import columns

    if not markdown:
        click.echo("\n".join(columns([names, *rows], left=0)))
        return
    escaped = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in (names, *rows)]
    for row in (escaped[0], ["---"] * len(names), *escaped[1:]):
        click.echo(f"| {' | '.join(row)} |")
