"""Errors survive pickling, as process pools and SimPy rebuild them; names nearest to what was typed."""

from __future__ import annotations

import pickle

import pytest

from infersim.errors import DoesNotFit, InputError, InputErrors, NotModelled, nearest

ONE = InputError("must be > 0", "try 1", "run.seed", "-1", "a.yaml", 3, 7)


@pytest.mark.parametrize(
    "error", [ONE, DoesNotFit("too large"), NotModelled("later", field="x"), InputErrors(ONE, DoesNotFit("too large"))]
)
def test_errors_rebuild_from_pickle(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again).keys() == vars(error).keys()


def test_an_error_tells_place_field_value_problem_and_hint():
    assert str(ONE) == "a.yaml:3:7: run.seed = -1\n  must be > 0\n  try 1"
    assert str(InputError("is empty")) == "is empty"


def test_only_the_first_of_many_errors_are_told():
    text = str(InputErrors(*(InputError(f"problem {i}") for i in range(8))))
    assert text.splitlines()[-2:] == ["problem 4", "(and 3 more)"]


@pytest.mark.parametrize(
    ("typed", "hint"), [("replica", "Did you mean 'replicas'?"), ("LLAMA", "Did you mean 'llama-3.1-8b'?"), ("zzz", "")]
)
def test_the_nearest_name_is_offered(typed, hint):
    assert nearest(typed, ["replicas", "llama-3.1-8b"]) == hint
