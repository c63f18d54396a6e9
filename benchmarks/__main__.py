"""`python -m benchmarks`: measures, prints a table, and exits 1 where a requirement is missed."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks import generate, speed, start, stretches, studies
from benchmarks.measure import Measure


def main(arguments: list[str] | None = None) -> int:
    """Measure everything; 1 if a requirement is missed and `--report` was not given."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the measures to a file")
    parser.add_argument("--report", action="store_true", help="exit 0 even where a requirement is missed")
    options = parser.parse_args(arguments)
    measures = []
    for part in (speed, stretches, generate, start, studies):
        for each in part.measure():
            measures.append(each)
            print(row(each), flush=True)
    if options.json:
        options.json.write_text(json.dumps(report(measures), indent=2) + "\n", encoding="utf-8")
    missed = [each.name for each in measures if not each.met]
    if missed:
        print(f"missed: {'; '.join(missed)}", file=sys.stderr)
    return 1 if missed and not options.report else 0


def row(measure: Measure) -> str:
    """One line of the table."""
    value = f"{measure.value:,.0f}" if measure.value >= 1000 else f"{measure.value:.3g}"
    verdict = ("met" if measure.met else "MISSED") if measure.required else ""
    unit = "" if measure.unit in ("1", "ratio") else measure.unit
    return f"{measure.name:<46} {value:>10} {unit:<4} {measure.required:<8} {verdict}".rstrip()


def report(measures: list[Measure]) -> dict:
    """The measures and what they were measured on."""
    return {
        "schema_version": "infersim/benchmarks/1",
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": platform.machine(),
        "simpy": version("simpy"),
        "numpy": version("numpy"),
        "measures": [
            {"name": m.name, "value": m.value, "unit": m.unit, "required": m.required or None, "met": m.met}
            for m in measures
        ],
    }


if __name__ == "__main__":
    sys.exit(main())
