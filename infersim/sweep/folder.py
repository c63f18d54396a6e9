"""The folder of a study: what was asked, its runs, the table of what they found; and whose folder it is."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from infersim.errors import InputError
from infersim.load import to_yaml
from infersim.load.relative import absolute
from infersim.load.study import LoadedStudy
from infersim.runs.store import RUNS, Store
from infersim.saving import save_files
from infersim.sweep.points import Points
from infersim.sweep.table import Table, write_table

STUDY, BASE = "study.yaml", "base.yaml"
RESULTS = ("results.base.yaml", "results.parquet", "results.csv")
_WHOSE, _WRITTEN, _LOCK = "whose", "written", ".sweeping"


def open_folder(folder: Path, loaded: LoadedStudy, points: Points) -> Store:
    """The store of a study, in a folder that is made if need be.

    Raises:
        InputError: the folder is another study's, holds other things, or cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError("is a file; a folder is needed", file=str(folder))
    mine = {"name": loaded.study.name, "paths": sorted(points.paths)}
    if (folder / RUNS).exists():
        store = Store(folder, write=False)
        whose = json.loads(store.about(_WHOSE) or "null") if store.is_made() else None
        store.close()
        _check_owner(folder, whose, mine)
    data = {"name": loaded.study.name, **_asked(loaded), "scenario": BASE}
    texts = {BASE: base_text(loaded), STUDY: to_yaml({"schema": "infersim/study/1", **data})}
    _write_texts(folder, texts)
    store = Store(folder)
    store.say(_WHOSE, json.dumps(mine))
    return store


def save_table(folder: Path, loaded: LoadedStudy, table: Table, store: Store) -> None:
    """Write the result table, its base beside it."""

    def write(draft: Path) -> None:
        (draft / RESULTS[0]).write_text(base_text(loaded), encoding="utf-8")
        write_table(table, draft / RESULTS[1], draft / RESULTS[2])

    save_files(folder, RESULTS, write)
    say_written(store)


def say_written(store: Store) -> None:
    """Note that the table beside the store holds what all its runs say of the study."""
    store.say(_WRITTEN, str(store.count()))


def is_written(folder: Path, store: Store) -> bool:
    """Whether the table in the folder holds all runs of the store."""
    return (folder / RESULTS[1]).is_file() and store.about(_WRITTEN) == str(store.count())


@contextmanager
def sharing(folder: Path | None) -> Iterator[bool]:
    """Whether another sweep is at work in the folder."""
    if folder is None:
        yield False
        return
    with (folder / _LOCK).open("a") as file:
        other = False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            other = True
        yield other
        if not other:
            with suppress(OSError):
                (folder / _LOCK).unlink()


def base_text(loaded: LoadedStudy) -> str:
    """The scenario under a study as YAML that means the same in any folder."""
    return to_yaml(absolute((), loaded.base.data, loaded.base.folder))


def _asked(loaded: LoadedStudy) -> dict[str, Any]:
    """The study as plain data, names of files said in full."""
    data = loaded.study.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for part in ("axes", "zip"):
        for path, values in data.get(part, {}).items():
            if isinstance(values, list):
                data[part][path] = [absolute(tuple(path.split(".")), value, loaded.folder) for value in values]
    for case in data.get("cases", ()):
        case["set"] = {path: absolute(tuple(path.split(".")), v, loaded.folder) for path, v in case["set"].items()}
    if "table" in data:
        data["table"] = str((loaded.folder / data["table"]).resolve())
    return data


def _write_texts(folder: Path, texts: dict[str, str]) -> None:
    """Write texts that are not there yet as they are."""
    try:
        if all((folder / name).read_text(encoding="utf-8") == text for name, text in texts.items()):
            return
    except (OSError, UnicodeDecodeError):
        pass

    def write(draft: Path) -> None:
        for name, text in texts.items():
            (draft / name).write_text(text, encoding="utf-8")

    save_files(folder, [*texts], write)


def _check_owner(folder: Path, whose: dict[str, Any] | None, mine: dict[str, Any]) -> None:
    if whose in (None, mine):
        return
    assert whose is not None
    if whose["paths"] == mine["paths"]:
        what = f"it is named {whose['name']!r}, and this one {mine['name']!r}"
    else:
        what = (
            f"it varies {', '.join(whose['paths']) or 'nothing'}, and this one {', '.join(mine['paths']) or 'nothing'}"
        )
    hint = f"{what}; give this one a folder of its own (--out)"
    raise InputError("holds the runs of another study", hint, file=str(folder))
