"""docs/workloads.md: its table of errors is what the profiles say, and so are the sizes of the shipped models."""

import re
from pathlib import Path

import pytest

from infersim.load import list_profiles, load_profile

TEXT = (Path(__file__).parents[2] / "docs" / "workloads.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if line.startswith("| ")]
AGAINST = ("in sample", "held out", "halves")


def fitted() -> list[str]:
    return [name for name in list_profiles("workload") if load_profile("workload", name).kind == "fitted"]


def errors_told() -> dict[tuple[str, str], list[str]]:
    told, name = {}, ""
    for row in ROWS:
        if len(row) == 9 and row[1] in AGAINST:
            name = row[0].strip("`") or name
            told[name, row[1]] = row[2:]
    return told


def test_every_fitted_model_is_told():
    assert {name for name, _ in errors_told()} == set(fitted())


@pytest.mark.parametrize("name", fitted())
def test_the_errors_are_those_of_the_profiles(name):
    model = load_profile("workload", name)
    for against in AGAINST:
        found = getattr(model, against.replace(" ", "_"))
        wanted = [f"{getattr(found.ks, column):.3f}" for column in ("prompt_tokens", "output_tokens", "gaps_s")]
        wanted += [f"{found.dispersion[window]:.0%}" for window in ("1s", "10s", "60s")] + [f"{found.rate:.1%}"]
        assert errors_told()[name, against] == wanted


@pytest.mark.parametrize("name", fitted())
def test_sizes_and_prefix_sharing_are_those_of_the_profiles(name):
    model = load_profile("workload", name)
    row = next(row for row in ROWS if len(row) == 7 and row[0] == f"`{name}`")
    assert row[2:4] == [f"{model.requests:,}", f"{model.rate_per_s:.2g}/s"]
    if model.prefix_sharing is not None:
        assert re.search(rf"\b{model.prefix_sharing.seen_before:.0%} in\s+`{name}`", TEXT)


def test_the_errors_of_client_models_are_those_of_the_profiles():
    told = {row[0].strip("`"): row[1:] for row in ROWS if len(row) == 9 and row[0].startswith("`servegen-")}
    names = [name for name in list_profiles("workload") if name not in fitted()]
    assert [*told] == names
    for name in names:
        fit = load_profile("workload", name).fit
        errors = ("rate_error", "cv_error", "prompt_mean_error", "output_mean_error")
        shares = ("share_of_requests", "share_with_own_lengths", *errors)
        numbers = [f"{fit.requests:,.0f}", str(fit.clients), *(f"{getattr(fit, each):.1%}" for each in shares)]
        assert told[name] == numbers


@pytest.mark.parametrize("name", fitted())
def test_what_conditioning_does_is_that_of_the_profiles(name):
    found = load_profile("workload", name).in_sample.conditioning
    row = next(row for row in ROWS if len(row) == 9 and row[:2] == [f"`{name}`", "no"])
    errors = [f"{of[window]:.0%}" for window in ("1s", "10s", "60s") for of in (found.median, found.p95)]
    assert row[2:] == [f"{found.accepted:.1%}", *errors]
    assert found.periods == 200
