"""Where a result comes from: versions, commit, platform, hashes."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("simpy", "numpy", "pydantic", "ruamel.yaml")


def installed_version() -> str:
    """infersim's version; `0+source` where it runs from a tree that is not installed."""
    try:
        return version("infersim")
    except PackageNotFoundError:
        return "0+source"


def sha256(path: Path) -> str | None:
    """SHA-256 of a file's bytes; None if it is gone."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def collect(inputs: dict[str, str | None], seed: int) -> dict[str, Any]:
    """What is needed to make a result again.

    Args:
        inputs: SHA-256 of the resolved scenario, and of each profile and trace used, by name.
        seed: the run's seed.
    """
    return {
        "infersim": installed_version(),
        "commit": commit(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: version(name) for name in PACKAGES},
        "seed": seed,
        "inputs_sha256": inputs,
    }


def commit() -> str | None:
    """Commit of the checkout that the code runs from, with `+changes` if it has any; None for an installed wheel."""
    root = Path(__file__).resolve().parent.parent
    if not (root / "pyproject.toml").is_file():
        return None
    try:
        commit = _git(root, "rev-parse", "HEAD")
        return commit + ("+changes" if _git(root, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()
