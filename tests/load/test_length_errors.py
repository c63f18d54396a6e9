"""What is wrong with a length or with two of them is said at its place, with what to type instead."""

import pytest

from infersim.errors import InputError
from infersim.load import from_mapping

FIXED = {"kind": "fixed", "value": 5}
ARRIVALS = {"kind": "poisson", "rate_per_s": 1}
COPULA = {"kind": "joint", "form": "copula", "prompt_tokens": FIXED, "output_tokens": FIXED, "spearman": 0.5}
PAIRS = {"kind": "joint", "form": "empirical", "values": [[1, 2], [3, 4]]}


def load(traffic: dict):
    fleet = {"main": {"model": "llama-3.1-8b", "device": "h100-sxm-80gb"}}
    return from_mapping({"workload": {"a": traffic}, "fleet": fleet, "run": {"requests": 5}}).scenario.workload["a"]


def prompt(**spec) -> dict:
    return {"arrivals": ARRIVALS, "prompt_tokens": spec, "output_tokens": FIXED}


def joint(spec: dict, **changes) -> dict:
    return {
        "arrivals": ARRIVALS,
        "lengths": {key: value for key, value in (spec | changes).items() if value is not None},
    }


BROKEN = {
    "kind": (prompt(kind="mixure"), "prompt_tokens.kind", "Did you mean 'mixture'?"),
    "no zipf without an end": (prompt(kind="zipf", exponent=1), "prompt_tokens.max", "is required"),
    "zipf's end below its start": (prompt(kind="zipf", exponent=1, min=6, max=5), "prompt_tokens.max", "below min 6"),
    "zipf's end": (prompt(kind="zipf", exponent=1, max=10**7), "prompt_tokens.max", "must be ≤ 1048576"),
    "values": (
        prompt(kind="quantiles", probabilities=[0, 1], values=[1]),
        "prompt_tokens.values",
        "1 values for 2 probabilities",
    ),
    "percent": (prompt(kind="quantiles", probabilities=[0, 50], values=[1, 2]), "prompt_tokens.probabilities.1", "≤ 1"),
    "probabilities that stand": (
        prompt(kind="quantiles", probabilities=[0.5, 0.5], values=[1, 2]),
        "prompt_tokens.probabilities",
        "must ascend, and 0.5 follows 0.5",
    ),
    "values that descend": (
        prompt(kind="quantiles", probabilities=[0.1, 0.5], values=[3, 2]),
        "prompt_tokens.values",
        "must not descend, and 2 follows 3",
    ),
    "no component": (prompt(kind="mixture", components=[]), "prompt_tokens.components", "must not be empty"),
    "weights of components": (
        prompt(kind="mixture", components=[FIXED, FIXED], weights=[1]),
        "prompt_tokens.weights",
        "1 weights for 2 components",
    ),
    "weights of nothing": (
        prompt(kind="mixture", components=[FIXED], weights=[0]),
        "prompt_tokens.weights",
        "sum to zero",
    ),
    "a mixture of mixtures": (
        prompt(kind="mixture", components=[{"kind": "mixture", "components": [FIXED]}]),
        "prompt_tokens.components.0.kind",
        "unknown kind",
    ),
    "inside a component": (
        prompt(kind="mixture", components=[FIXED, {"kind": "uniform", "low": 3, "hihg": 4}]),
        "prompt_tokens.components.1.hihg",
        "Did you mean 'high'?",
    ),
    "form": (joint(COPULA, form="copla"), "lengths.form", "Did you mean 'copula'? Allowed: copula, empirical"),
    "no form": (joint(COPULA, form=None), "lengths.form", "Allowed: copula, empirical"),
    "joint": (joint(COPULA, kind="jiont"), "lengths.kind", "Did you mean 'joint'?"),
    "a key of the other form": (joint(PAIRS, spearman=0.1), "lengths.spearman", "Allowed here: kind, form, values"),
    "a misspelt key": (joint(COPULA, sperman=0.1, spearman=None), "lengths.sperman", "Did you mean 'spearman'?"),
    "beyond one": (joint(COPULA, spearman=1.5), "lengths.spearman", "must be ≤ 1"),
    "below minus one": (joint(COPULA, spearman=None, rho=-2), "lengths.rho", "must be ≥ -1"),
    "two correlations": (joint(COPULA, rho=0.5), "lengths.rho", "spearman and rho say the same thing"),
    "no correlation": (joint(COPULA, spearman=None), "lengths", "spearman missing"),
    "in a marginal": (
        joint(COPULA, output_tokens={"kind": "lognormla", "mean": 3, "cv": 1}),
        "lengths.output_tokens.kind",
        "Did you mean 'lognormal'?",
    ),
    "an output of nothing": (joint(PAIRS, values=[[1, 0]]), "lengths.values.0.1", "must be ≥ 1"),
    "a pair of one": (joint(PAIRS, values=[[1, 2], [3]]), "lengths.values.1.1", "is required"),
    "weights of pairs": (joint(PAIRS, weights=[1]), "lengths.weights", "1 weights for 2 values"),
    "beside prompts": (joint(COPULA) | {"prompt_tokens": FIXED}, "prompt_tokens", "a class with lengths takes no"),
    "without arrivals": ({"lengths": COPULA}, "", "arrivals missing"),
    "one of two": ({"arrivals": ARRIVALS, "prompt_tokens": FIXED}, "", "output_tokens missing"),
    "beside a trace": ({"trace": {"path": "x"}, "lengths": COPULA}, "lengths", "a class with a trace takes no lengths"),
    "reasoning of a trace": (
        {"trace": {"path": "x"}, "reasoning_tokens": FIXED},
        "reasoning_tokens",
        "a class with a trace takes no reasoning_tokens",
    ),
    "reasoning that is a number": (
        prompt(**FIXED) | {"reasoning_tokens": 500},
        "reasoning_tokens",
        "e.g. {kind: lognormal",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_mistake_is_named_at_its_place(name):
    traffic, field, said = BROKEN[name]
    with pytest.raises(InputError) as refusal:
        load(traffic)
    assert refusal.value.field == f"workload.a.{field}".rstrip(".")
    assert said in str(refusal.value)


@pytest.mark.parametrize("traffic", [joint(COPULA), joint(PAIRS), joint(COPULA, spearman=None, rho=1)])
def test_joint_lengths_stand_alone(traffic):
    found = load(traffic | {"reasoning_tokens": FIXED})
    assert found.prompt_tokens is None
    assert found.lengths.form == traffic["lengths"]["form"]
