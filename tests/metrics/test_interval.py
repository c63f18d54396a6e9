"""Prediction intervals: the quantiles of ratios turned round, and null with a word where nothing is known."""

import pytest
from pydantic import ValidationError

from infersim.metrics.interval import ErrorClass, prediction_interval
from infersim.spec.engine import EngineConstants, Residuals
from tests.timing.helpers import round_engine

ABOUT = {"source": "mine.csv", "date": "2026-11-25", "method": "quantiles"}
KNOWN = {
    "curves": "measured", "feed_forward": "dense",
    "ttft_s": {"n": 40, "p10": 0.5, "p50": 1.0, "p90": 2.0}, "tpot_s": {"n": 50, "p10": 0.8, "p50": 1.0, "p90": 1.25},
    **ABOUT,
}  # fmt: skip
FIGURES = {"ttft_s": {"mean": 0.1}, "tpot_s": {"mean": 0.01}}


def of(**changes) -> ErrorClass:
    known = Residuals.model_validate({**KNOWN, **changes})
    return ErrorClass("vllm", known.curves, known.feed_forward, known)


def test_four_of_five_measurements_lie_between_the_turned_quantiles():
    # predicted ÷ measured is 0.5 to 2 for 80% of the runs, so measured is 0.1/2 to 0.1/0.5
    found = prediction_interval(FIGURES, of())
    assert found["ttft_s"]["mean"] == pytest.approx([0.05, 0.2])
    assert found["tpot_s"]["mean"] == pytest.approx([0.008, 0.0125])
    assert found["basis"] == (
        "80% of 40 to 50 validated runs of this class (vllm, measured curves, a dense model): mine.csv, 2026-11-25"
    )


def test_a_bias_moves_the_interval():
    found = prediction_interval(FIGURES, of(tpot_s={"n": 9, "p10": 2.0, "p50": 2.0, "p90": 2.5}))
    assert found["tpot_s"]["mean"] == pytest.approx([0.004, 0.005])


def test_what_was_not_validated_is_null_with_a_word():
    unknown = prediction_interval(FIGURES, ErrorClass("sglang", "spec-sheet", "moe", None))
    assert unknown == {
        "ttft_s": None,
        "tpot_s": None,
        "basis": "no validated runs of this class (sglang, spec-sheet curves, a model of experts)",
    }
    assert prediction_interval(FIGURES, of(ttft_s=None))["ttft_s"] is None
    nothing = {"ttft_s": {"mean": 0.1}, "tpot_s": {"mean": None}}
    assert prediction_interval(nothing, of())["tpot_s"] is None


@pytest.mark.parametrize(
    ("residuals", "problem"),
    [
        ([KNOWN, KNOWN], "stands there twice"),
        ([{"curves": "measured", "feed_forward": "moe", **ABOUT}], "neither ttft_s nor tpot_s is there"),
        ([KNOWN | {"ttft_s": {"n": 3, "p10": 2.0, "p50": 1.0, "p90": 3.0}}], "p10 <= p50 <= p90"),
    ],
)
def test_residuals_that_say_nothing_or_two_things_are_refused(residuals, problem):
    engine = round_engine().model_dump(by_alias=True)
    with pytest.raises(ValidationError, match=problem):
        EngineConstants.model_validate(engine | {"residuals": residuals})
    fine = [KNOWN, KNOWN | {"curves": "derived"}]
    assert len(EngineConstants.model_validate(engine | {"residuals": fine}).residuals) == 2
