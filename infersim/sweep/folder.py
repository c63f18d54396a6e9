"""The folder of a study: what was asked, its runs, the table of what they found; and whose folder it is."""

from __future__ import annotations

import fcntl
import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from infersim.errors import InputError
from infersim.load import to_yaml
from infersim.load.relative import absolute
from infersim.load.study import LoadedStudy
from infersim.load.text import read_text
from infersim.runs.store import RUNS, Store
from infersim.saving import save_files
from infersim.sweep.opened import TableFile
from infersim.sweep.pieces import write_table
from infersim.sweep.points import Points
from infersim.sweep.table import Row

STUDY, BASE = "study.yaml", "base.yaml"
RESULTS = ("results.base.yaml", "results.parquet", "results.csv")
_RUN = "summary.json"
_WHOSE, _WRITTEN, _LOCK = "whose", "written", ".sweeping"


def open_folder(folder: Path, loaded: LoadedStudy, points: Points) -> Store:
    """The store of a study, in a folder that is made if need be.

    Raises:
        InputError: the folder is another study's, holds other things, or cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError("is a file; a folder is needed", file=str(folder))
    if (folder / _RUN).exists() and not (folder / RUNS).exists():
        raise InputError("holds a run", "give the sweep a folder of its own (--out)", file=str(folder))
    mine = {"name": loaded.study.name, "paths": sorted(points.paths)}
    if (folder / RUNS).exists():
        store = Store(folder, write=False)
        whose = json.loads(store.about(_WHOSE) or "null") if store.is_made() else None
        store.close()
        _check_owner(folder, whose, mine)
    save_files(folder, (), lambda draft: None)  # made, and can be written
    store = Store(folder)
    try:
        _check_owner(folder, json.loads(store.claim(_WHOSE, json.dumps(mine))), mine)
        _write_texts(folder, _texts(loaded))
    except BaseException:
        store.close()
        raise
    return store


def _texts(loaded: LoadedStudy) -> dict[str, str]:
    """The study and its scenario as the folder keeps them, by file."""
    data = {"name": loaded.study.name, **_asked(loaded), "scenario": BASE}
    return {BASE: base_text(loaded), STUDY: to_yaml({"schema": "infersim/study/1", **data})}


def save_table(folder: Path, loaded: LoadedStudy, points: Points, rows: Iterable[Row], store: Store) -> TableFile:
    """Write the result table, its base beside it; the table as it is now."""
    opened: list[TableFile] = []

    def write(draft: Path) -> None:
        (draft / RESULTS[0]).write_text(base_text(loaded), encoding="utf-8")
        write_table(points, rows, draft / RESULTS[1], draft / RESULTS[2])
        opened.append(TableFile(draft / RESULTS[1]))

    save_files(folder, RESULTS, write)
    say_written(store, _texts(loaded))
    return opened[0]


def passing_table(points: Points, rows: Iterable[Row]) -> TableFile:
    """The result table in a file that nobody else sees, and that is gone with what is returned."""
    with tempfile.TemporaryDirectory(prefix="infersim-") as draft:
        write_table(points, rows, Path(draft) / RESULTS[1])
        return TableFile(Path(draft) / RESULTS[1])


def say_written(store: Store, texts: Mapping[str, str]) -> None:
    """Note that the table beside the store is what all its runs say of a study, which is given by its files."""
    store.say(_WRITTEN, _mark(store, texts))


def is_written(folder: Path, store: Store) -> bool:
    """Whether the table in the folder is what all runs of the store say of the study that is there."""
    return (folder / RESULTS[1]).is_file() and store.about(_WRITTEN) == _mark(store, texts_in(folder))


def texts_in(folder: Path) -> dict[str, str]:
    """The study and its scenario that the folder has, by file.

    Raises:
        InputError: it has none.
    """
    return {name: read_text(folder / name) for name in (BASE, STUDY)}


def _mark(store: Store, texts: Mapping[str, str]) -> str:
    """Changes with the study and with the number of runs."""
    return f"{store.count()} {hashlib.sha256(json.dumps(sorted(texts.items())).encode()).hexdigest()}"


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
