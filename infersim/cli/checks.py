"""What must work for infersim to work: each check says what it found and, where something is amiss, what to do."""

from __future__ import annotations

import importlib
import io
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from infersim.errors import InfersimError
from infersim.sql import sql_text

OK, WARN, FAIL = "ok", "warn", "fail"
REQUESTS = 2000
"""Requests of the simulation that is tried."""
NARROW = 60
"""Columns below which tables leave much out."""
_DEMAND = re.compile(r"([A-Za-z0-9._-]+)\s*>=\s*([0-9.]+)")
_TINY = {
    "workload": {
        "chat": {
            "arrivals": {"kind": "poisson", "rate_per_s": 6},
            "prompt_tokens": {"kind": "lognormal", "mean": 512, "cv": 0.8},
            "output_tokens": {"kind": "fixed", "value": 64},
        }
    },
    "fleet": {"main": {"model": "llama-3.1-8b", "device": "h100-sxm-80gb"}},
    "run": {"requests": REQUESTS, "seed": 1},
}


@dataclass(frozen=True)
class Check:
    """One line of the doctor's."""

    name: str
    state: str
    """ok, warn or fail."""
    found: str
    remedy: str = ""


def checks() -> Iterator[Check]:
    """All checks, each as soon as it is done."""
    yield from versions()
    for name, check in _CHECKS.items():
        try:
            yield from check()
        except InfersimError as error:
            yield Check(name, FAIL, " ".join(str(error).split()), "mend what this names")
        except Exception as error:  # whatever breaks here is what the doctor is asked about
            yield Check(name, FAIL, f"{type(error).__name__}: {error}", "install infersim again: pip install infersim")


def versions() -> Iterator[Check]:
    """Python and the packages that infersim declares, against their least versions."""
    running = ".".join(map(str, sys.version_info[:3]))
    try:
        about = metadata.metadata("infersim")
    except metadata.PackageNotFoundError:
        yield Check("python", OK, running)
        yield Check("packages", WARN, "infersim is not installed, so what it needs is not known", "pip install -e .")
        return
    least = (about["Requires-Python"] or "").removeprefix(">=")
    yield compared("python", running, least, f"install Python {least} or newer")
    for demand in about.get_all("Requires-Dist") or []:
        match = _DEMAND.match(demand)
        if match and "extra ==" not in demand:
            yield _package(match[1], match[2])


def compared(name: str, found: str, least: str, remedy: str) -> Check:
    """A version against the least that is needed."""
    if _release(found) < _release(least):
        return Check(name, FAIL, f"{found}, at least {least} is needed", remedy)
    return Check(name, OK, f"{found} (≥ {least})")


def _package(name: str, least: str) -> Check:
    remedy = f"pip install '{name}>={least}'"
    try:
        found = metadata.version(name)
        importlib.import_module(name.replace("-", "."))  # metadata may write ruamel-yaml
    except metadata.PackageNotFoundError:
        return Check(name, FAIL, "is not installed", remedy)
    except Exception as error:  # a package that is broken may raise anything
        return Check(name, FAIL, f"cannot be imported: {error}", f"pip install --force-reinstall {name}")
    return compared(name, found, least, remedy)


def _release(version: str) -> tuple[int, ...]:
    numbers = re.match(r"[0-9]+(?:\.[0-9]+)*", version)
    return tuple(map(int, numbers[0].split("."))) if numbers else ()


def profiles() -> Iterator[Check]:
    """How many profiles there are, and where; a user's own are read, too."""
    from infersim.load.profiles import KINDS, VARIABLE, list_profiles, load_profile, profile_file, profiles_root

    counts = ", ".join(f"{len(list_profiles(kind))} {kind}s" for kind in KINDS)
    yield Check("profiles", OK, f"{counts} in {profiles_root()}")
    own = [part for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part]
    if own:
        mine = [
            (kind, name)
            for kind in KINDS
            for name in list_profiles(kind)
            if profiles_root() not in (profile_file(kind, name) or profiles_root()).parents
        ]
        for kind, name in mine:
            load_profile(kind, name)
        state, remedy = (OK, "") if mine else (WARN, "it holds gpu/, models/, engines/ or workloads/ with YAML files")
        yield Check(VARIABLE, state, f"{len(mine)} of these in {', '.join(own)}", remedy)


def simulation() -> Iterator[Check]:
    """A small simulation runs to its end, and how fast."""
    from infersim.load import from_mapping
    from infersim.simulate import simulate

    loaded = from_mapping(_TINY)
    began = time.perf_counter()
    done = simulate(loaded).summary()["requests"]["completed"]
    rate = REQUESTS / (time.perf_counter() - began)
    state, remedy = (OK, "") if done == REQUESTS else (FAIL, "install infersim again: pip install infersim")
    yield Check("simulation", state, f"{done:,} of {REQUESTS:,} requests, {rate:,.0f} a second", remedy)


def cores() -> Iterator[Check]:
    """Cores for replications."""
    from infersim.runs.pool import cores as usable

    yield Check("cores", OK, f"{usable()} for --jobs")


def terminal() -> Iterator[Check]:
    """Width and colour."""
    from infersim.cli.output import terminal_width

    width = terminal_width()
    if not sys.stdout.isatty():
        yield Check("terminal", OK, f"none here: {width} columns, no colour")
        return
    colour = "no colour (NO_COLOR)" if os.environ.get("NO_COLOR") else "colour"
    if width < NARROW:
        yield Check("terminal", WARN, f"{width} columns, {colour}", f"tables leave less out from {NARROW} columns on")
    else:
        yield Check("terminal", OK, f"{width} columns, {colour}")


def working_folder() -> Iterator[Check]:
    """Whether results can be written here."""
    try:
        with tempfile.TemporaryFile(dir=Path.cwd()):
            yield Check("working folder", OK, f"{Path.cwd()} can be written")
    except OSError as error:
        yield Check("working folder", WARN, f"cannot be written: {error.strerror}", "give --out a folder elsewhere")


def picture() -> Iterator[Check]:
    """Whether matplotlib draws into a file."""
    from infersim.plots.style import figure

    made, _ = figure(1, 1, 1.0, 1.0)
    made.savefig(io.BytesIO(), format="png")
    yield Check("pictures", OK, "matplotlib draws PNG files")


def data_files() -> Iterator[Check]:
    """Whether Parquet and Zstandard files can be written and read."""
    import duckdb
    import zstandard

    text = b"arrival_s"
    if zstandard.decompress(zstandard.compress(text)) != text:
        raise ValueError("zstandard does not give back what it packed")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "one.parquet"
        duckdb.execute(f"COPY (SELECT 1) TO {sql_text(path)}")
        if duckdb.read_parquet(str(path)).fetchall() != [(1,)]:
            raise ValueError("duckdb does not give back what it wrote")
    yield Check("data files", OK, "Parquet, gzip and Zstandard are read")


_CHECKS: dict[str, Callable[[], Iterator[Check]]] = {
    "profiles": profiles,
    "simulation": simulation,
    "data files": data_files,
    "pictures": picture,
    "cores": cores,
    "terminal": terminal,
    "working folder": working_folder,
}
