"""`infersim init`: a commented scenario to start from."""

from __future__ import annotations

import json
from pathlib import Path

import click

from infersim.cli.groups import Command
from infersim.errors import InputError

STARTERS = {
    "chat": "requests at random times, with an objective for their latency",
    "trace": "recorded requests, with a small example trace beside it",
    "offline": "a batch of documents, all there at once",
}
"""Starters by their name; the files of each lie in `starters/`."""
ENDINGS = (".yaml", ".yml")
_PLACEHOLDER = "FILE"
"""Stands in the starters for the name that the scenario gets."""


@click.command(
    cls=Command,
    short_help="Write a commented scenario to start from.",
    examples=("infersim init", "infersim init chat && infersim run chat.yaml", "infersim init replay --from trace"),
)
@click.argument("name", default="scenario", type=click.Path())
@click.option(
    "--from",
    "starter",
    type=click.Choice(list(STARTERS)),
    default="chat",
    show_default=True,
    help="; ".join(f"{name}: {what}" for name, what in STARTERS.items()) + ".",
)
@click.option("--force", is_flag=True, help="Write over files that are there.")
def init(name: str, starter: str, force: bool) -> None:
    """Write NAME.yaml, a scenario that runs as it is and whose comments tell each choice and its unit."""
    from infersim.saving import save_files

    if not name.isprintable():
        raise InputError("holds characters that no scenario takes", "take another name", "NAME", ascii(name))
    path = Path(name if name.lower().endswith(ENDINGS) else f"{name}.yaml")
    texts = _texts(path, starter)
    for target in (path.parent / each for each in texts):
        if target.is_dir() or (target.exists() and not force):
            what = "is a folder" if target.is_dir() else "is there already"
            raise InputError(what, "take another name" + ("" if target.is_dir() else ", or --force"), file=str(target))
    if not path.parent.is_dir():
        raise InputError("no such folder", "make it first", file=str(path.parent))

    def write(folder: Path) -> None:
        for each, text in texts.items():
            (folder / each).write_text(text, encoding="utf-8")

    save_files(path.parent, list(texts), write)
    click.echo(f"written: {', '.join(str(path.parent / each) for each in texts)}")
    click.echo(f"next: infersim run {path}")


def _texts(path: Path, starter: str) -> dict[str, str]:
    """File names and contents."""
    folder, texts = Path(__file__).parent / "starters", {}
    named = json.dumps(path.stem, ensure_ascii=False)[1:-1]  # it stands in quotes where it is no comment
    for ending in (path.suffix, ".csv"):
        source = folder / f"{starter}{'.yaml' if ending == path.suffix else ending}"
        if source.is_file():
            text = source.read_text(encoding="utf-8")
            text = text.replace(f"{_PLACEHOLDER}.yaml", f"{named}{path.suffix}")
            texts[f"{path.stem}{ending}"] = text.replace(_PLACEHOLDER, named)
    return texts
