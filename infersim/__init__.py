"""infersim: a discrete-event simulator of LLM inference clusters.

>>> import infersim as sim
>>> result = sim.simulate("scenario.yaml")

Names are imported when they are first used, so that `infersim --help` stays quick.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infersim.capacity import Curve as Curve
    from infersim.capacity import curve as curve
    from infersim.compare import Comparison as Comparison
    from infersim.compare import compare as compare
    from infersim.compare import compare_points as compare_points
    from infersim.compare import find_best as find_best
    from infersim.errors import InputError as InputError
    from infersim.load import load_scenario as load_scenario
    from infersim.result import Result as Result
    from infersim.runs import Replications as Replications
    from infersim.runs import replicate as replicate
    from infersim.simulate import simulate as simulate
    from infersim.spec.scenario import Scenario as Scenario
    from infersim.sweep import SweepResult as SweepResult
    from infersim.sweep import sweep as sweep  # type: ignore[no-redef]

__version__ = "0.1.0"
__all__ = [
    "Comparison",
    "Curve",
    "InputError",
    "Replications",
    "Result",
    "Scenario",
    "SweepResult",
    "compare",
    "compare_points",
    "curve",
    "find_best",
    "load_scenario",
    "replicate",
    "simulate",
    "sweep",
]

_HOMES = {
    "Comparison": "infersim.compare",
    "Curve": "infersim.capacity",
    "InputError": "infersim.errors",
    "Replications": "infersim.runs",
    "Result": "infersim.result",
    "Scenario": "infersim.spec.scenario",
    "compare": "infersim.compare",
    "compare_points": "infersim.compare",
    "find_best": "infersim.compare",
    "SweepResult": "infersim.sweep",
    "curve": "infersim.capacity",
    "load_scenario": "infersim.load",
    "replicate": "infersim.runs",
    "simulate": "infersim.simulate",
    "sweep": "infersim.sweep",
}


class _Package(types.ModuleType):
    """Keeps `infersim.simulate` the function, whoever imports the module of that name, and when."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in _HOMES or not isinstance(value, types.ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'infersim' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
