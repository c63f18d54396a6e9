"""`infersim.validate.residuals`: quantiles of predicted ÷ measured by class, as engine profiles have them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from infersim import simulate
from infersim.load import load_scenario, overlay, profiles_root
from infersim.load.yaml12 import parse
from infersim.runs.figures import figure
from infersim.validate import residuals
from tests.runs.tables import CLIENTS, LENGTH, write

DEVICE = "fleet.main.device"


def measured(folder: Path, ratios: dict[str, list[float]], suspect: int = 0) -> Path:
    """A table of equal runs a device, measured so that predicted ÷ measured are just these; some more are suspect."""
    rows = []
    write(folder, name="unmeasured.csv")
    for device, wanted in ratios.items():
        row = {DEVICE: device, CLIENTS: 2, LENGTH: 8}
        summary = simulate(
            load_scenario(folder / "unmeasured.base.yaml", [f"{name}={value}" for name, value in row.items()])
        ).summary()
        for ratio in [*wanted, *[99.0] * suspect]:
            ttft, tpot = (figure(summary, name) / ratio for name in ("ttft_s.mean", "tpot_s.mean"))
            doubt = "yes" if ratio == 99.0 else ""
            rows.append(row | {"suspect": doubt, "measured.ttft_s.mean": ttft, "measured.tpot_s.mean": 2 * tpot})
    return write(folder, rows)


def test_quantiles_are_those_of_the_ratios_by_class(tmp_path, capsys):
    ratios = {"h100-sxm-80gb": np.linspace(0.5, 1.5, 11).tolist(), "a10-24gb": [1.0] * 9}
    path = measured(tmp_path, ratios, suspect=3)
    assert residuals.main([str(path), "--date", "2026-11-25", "--source", "a bench: mine"]) == 0
    out, err = capsys.readouterr()
    (entry,) = parse(out, "printed")[0]["residuals"]
    # every tenth of 0.5 … 1.5 in steps of 0.1; TPOT was measured twice as long
    assert entry["ttft_s"] == {"n": 11, "p10": 0.6, "p50": 1.0, "p90": 1.4}
    assert entry["tpot_s"] == {"n": 11, "p10": 0.3, "p50": 0.5, "p90": 0.7}
    assert [entry[name] for name in ("curves", "feed_forward", "source")] == ["measured", "dense", "a bench: mine"]
    assert err == "left out: vllm, derived curves, a dense model: fewer than 10 runs\n"


def test_the_block_makes_a_result_s_interval(tmp_path, capsys):
    path = measured(tmp_path, {"h100-sxm-80gb": [0.8] * 5 + [1.25] * 5})
    assert residuals.main([str(path), "--date", "2026-11-25"]) == 0
    own = tmp_path / "own" / "engines"
    own.mkdir(parents=True)
    shipped, _ = parse((profiles_root() / "engines" / "vllm.yaml").read_text(encoding="utf-8"), "vllm.yaml")
    kept = "\n".join(f"{key}: {value!r}" for key, value in shipped.items() if key != "residuals")
    block = capsys.readouterr().out
    (own / "vllm.yaml").write_text(f"{kept}\n{block}".replace("None", "null"), encoding="utf-8")
    settings = [f"{CLIENTS}=2", f"{LENGTH}=8"]
    with overlay(own.parent):
        summary = simulate(load_scenario(tmp_path / "mine.base.yaml", settings)).summary()
    interval, mean = summary["confidence"]["prediction_interval"], summary["ttft_s"]["mean"]
    assert interval["ttft_s"]["mean"] == pytest.approx([mean / 1.25, mean / 0.8], rel=1e-6)
    assert interval["tpot_s"]["mean"][1] == pytest.approx(summary["tpot_s"]["mean"] / 0.4, rel=1e-6)
    assert interval["basis"].startswith("80% of 10 validated runs of this class (vllm, measured curves, a dense model)")


def test_several_tables_count_together(tmp_path, capsys):
    tables = []
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        tables.append(str(measured(folder, {"h100-sxm-80gb": [1.0 + number] * 5})))
    assert residuals.main([*tables, "--date", "2026-11-25"]) == 0
    (entry,) = parse(capsys.readouterr().out, "printed")[0]["residuals"]
    assert (entry["ttft_s"]["n"], entry["ttft_s"]["p10"], entry["ttft_s"]["p90"]) == (10, 1.0, 2.0)
    assert entry["source"] == "mine.csv, mine.csv"
