"""Why a prediction is what it is: where a step's time goes, what memory holds, which assumptions move the answer."""

from infersim.explain.explanation import explain

__all__ = ["explain"]
