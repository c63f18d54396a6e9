"""Fitting: numbers put into a table come out again, and what ships is what the tables give."""

import duckdb
import numpy as np
import pytest

from infersim.calibrate import fits, tables
from infersim.calibrate.__main__ import as_yaml, operators
from infersim.load.profiles import load_profile
from infersim.spec.hardware import GemmCurve
from infersim.timing.operators import gemm_s
from tests.timing.helpers import GEMM, round_device

ABOUT = {"date": "2026-11-25", "source": "a table made by this test"}
KERNELS = {
    "a100-sxm-80gb": "a100_sxm", "b200-sxm-180gb": "b200_sxm", "h100-sxm-80gb": "h100_sxm",
    "h200-sxm-141gb": "h200_sxm", "l40s-48gb": "l40s",
}  # fmt: skip


def write_gemm(folder, curve, noise):
    """A table of products that take what a curve says, times a factor near one."""
    sizes = [(m, n, k) for m in (1, 8, 64, 256, 1024, 8192) for n in (512, 2048, 8192) for k in (512, 2048, 8192)]
    m, n, k = (np.array(column) for column in zip(*sizes, strict=True))
    factor = np.exp(noise * np.random.default_rng(1).standard_normal(len(sizes)))
    times_ms = 1000 * gemm_s(m, n, k, 2.0, curve) * factor
    rows = ", ".join(f"('bfloat16', {a}, {b}, {c}, {t})" for (a, b, c), t in zip(sizes, times_ms, strict=True))
    duckdb.sql(
        f"COPY (SELECT * FROM (VALUES {rows}) AS t(gemm_dtype, m, n, k, latency)) TO '{folder / 'gemm.parquet'}'"
    )


def test_a_fit_finds_the_curve_that_made_the_table(tmp_path):
    origin = {"source": "round", "date": "2026", "confidence": "spec-sheet"}
    device = round_device(
        memory={"bytes": 1e11, "bandwidth_bytes_per_s": 4e12, **origin}, peak_flops={"bf16": 1e15, **origin}
    )
    truth = GemmCurve(
        form="gemm/1", launch_s=3e-6, flops_per_s=8e14, bytes_per_s=3e12, wave_tiles=20, k_half=150, bytes_extra=1e6,
        norm=3, confidence="measured",
    )  # fmt: skip
    write_gemm(tmp_path, truth, noise=0.01)
    found = fits.gemm(tmp_path, device, "bf16", ABOUT)
    assert found["launch_s"] == pytest.approx(truth.launch_s, rel=0.05)
    assert found["flops_per_s"] == pytest.approx(truth.flops_per_s, rel=0.05)
    assert found["bytes_per_s"] == pytest.approx(truth.bytes_per_s, rel=0.05)
    assert found["fit"]["points"] == 54
    assert found["fit"]["median_error"] < 0.03


def test_a_type_that_was_not_measured_has_no_curve(tmp_path):
    write_gemm(tmp_path, GemmCurve.model_validate(GEMM), noise=0.0)
    assert fits.gemm(tmp_path, round_device(), "fp8", ABOUT) is None


def test_the_lower_envelope_takes_the_least_of_all_larger_points():
    points = tables.Points(
        {"m": np.array([1.0, 1.0, 2.0, 2.0]), "n": np.array([1.0, 2.0, 1.0, 2.0])},
        np.array([9.0, 3.0, 1.0, 4.0]),
        np.zeros(4, dtype=bool),
    )
    # (1, 1) falls to (2, 1)'s 1; (1, 2) stays at 3, since (2, 2) takes 4
    assert tables.lower_envelope(points, ("m", "n")).seconds.tolist() == [1.0, 3.0, 1.0, 4.0]
    assert tables.lower_envelope(points, ("m", "n"), along=("n",)).seconds.tolist() == [3.0, 3.0, 1.0, 4.0]


def test_what_is_kept_out_neither_changes_nor_lowers_others():
    points = tables.Points({"m": np.array([1.0, 2.0, 3.0])}, np.array([5.0, 1.0, 2.0]), np.array([False, True, False]))
    assert tables.lower_envelope(points, ("m",)).seconds.tolist() == [2.0, 1.0, 2.0]


def test_about_a_fifth_of_the_points_is_kept_out(shared_data):
    points = tables.gemm(shared_data / "kernels" / "a100_sxm", "bfloat16")
    assert points.kept_out.mean() == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize("name", sorted(KERNELS))
def test_shipped_curves_are_those_that_the_tables_give(name, shared_data):
    from ruamel.yaml import YAML

    device = load_profile("device", name)
    about = {"date": "2026-11-25", "source": device.operators["gemm.bf16"].fit.source}
    text = as_yaml(operators(shared_data / "kernels" / KERNELS[name], device, about))
    fitted = YAML(typ="safe", pure=True).load(text)["operators"]
    shipped = device.model_dump(mode="json", by_alias=True)["operators"]
    assert sorted(fitted) == sorted(shipped)
    for operator, curve in fitted.items():
        if "fit" in curve:
            assert curve["fit"]["points"] == shipped[operator]["fit"]["points"]
            assert curve["fit"]["median_error"] == pytest.approx(shipped[operator]["fit"]["median_error"], abs=0.01)
