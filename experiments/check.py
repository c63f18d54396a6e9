"""`python -m experiments.check FOLDER`: tables made anew in FOLDER/NAME, held against the committed ones.

A figure has moved where its new mean lies outside its committed 95% interval, or differs at all where it has none.
Seeds are fixed, so numbers are normally equal; what is shown as six digits may differ in the last. Some intervals are
wide, so figures that are within them and not equal are told, too: something has changed.
"""

import sys
from math import nan
from pathlib import Path

import pandas as pd

HOME = Path(__file__).parent
ROUNDING = 1e-5  # of a number of six digits
PARTS = ("simulated.", "ci95_low.", "ci95_high.")


def check(fresh: Path, committed: Path = HOME) -> list[str]:
    """What has moved in the experiments of a folder, a line each."""
    names = sorted(path.parent.name for path in committed.glob("*/study.yaml"))
    return [line for name in names for line in moved(name, *(_table(home / name) for home in (committed, fresh)))]


def drifted(fresh: Path, committed: Path = HOME) -> list[str]:
    """A line for each experiment whose figures are not what they were: how many, and which has changed most."""
    return [
        line
        for path in sorted(committed.glob("*/study.yaml"))
        for line in drift(path.parent.name, *(_table(home / path.parent.name) for home in (committed, fresh)))
    ]


def drift(name: str, committed: pd.DataFrame | None, fresh: pd.DataFrame | None) -> list[str]:
    """How many figures of an experiment differ by more than rounding; nothing of tables that cannot be compared."""
    if committed is None or fresh is None or committed.shape != fresh.shape:
        return []
    means = [column for column in committed if column.startswith("simulated.") and column in fresh]
    old, new = committed[means].astype(float), fresh[means].astype(float)
    relative = ((new - old).abs() / old.abs().where(old != 0.0)).fillna(0.0)
    changed = int((relative > ROUNDING).to_numpy().sum())
    if not changed:
        return []
    most = relative.max().idxmax()
    return [f"{name}: {changed} figures are not what they were, {most} by up to {100 * relative[most].max():.2g}%"]


def moved(name: str, committed: pd.DataFrame | None, fresh: pd.DataFrame | None) -> list[str]:
    """What has moved between two tables of an experiment."""
    if committed is None or fresh is None:
        return [f"{name}: no results.csv {'is committed' if committed is None else 'was made'}"]
    if [*committed.columns] != [*fresh.columns] or len(committed) != len(fresh):
        return [f"{name}: {len(committed)} rows committed, {len(fresh)} now, or other columns"]
    axes = [column for column in committed if not column.startswith(PARTS) and column not in ("status", "reason")]
    lines = []
    for row, (old, new) in enumerate(zip(committed.to_dict("records"), fresh.to_dict("records"), strict=True)):
        point = ", ".join(f"{axis.rsplit('.')[-1]} {old[axis]}" for axis in axes)
        place = f"{name}, row {row} ({point})"
        said = [axis for axis in [*axes, "status"] if not _same(old[axis], new[axis])]
        lines += [f"{place}: {axis} {old[axis]!r} committed, {new[axis]!r} now" for axis in said]
        lines += [f"{place}: {line}" for line in _figures(old, new)]
    return lines


def _figures(old: dict, new: dict) -> list[str]:
    """Figures of a row whose new mean lies outside the committed interval."""
    lines = []
    for column, was in old.items():
        if not column.startswith("simulated."):
            continue
        figure, now = column.removeprefix("simulated."), new[column]
        low, high = (old.get(f"ci95_{end}.{figure}", nan) for end in ("low", "high"))  # one run has no interval
        within = low <= now <= high or abs(now - was) <= ROUNDING * abs(was) or _same(was, now)
        if not within:
            lines.append(f"{figure} {was:g} committed (95% interval {low:g} to {high:g}), {now:g} now")
    return lines


def _same(one: object, other: object) -> bool:
    return one == other or (pd.isna(one) and pd.isna(other))


def _table(folder: Path) -> pd.DataFrame | None:
    path = folder / "results.csv"
    return pd.read_csv(path) if path.is_file() else None


if __name__ == "__main__":
    found, changed = check(Path(sys.argv[1])), drifted(Path(sys.argv[1]))
    print("\n".join([*found, *changed]) or "every committed number is as it was")
    sys.exit(1 if found else 0)
