"""`infersim calibrate fit`: what it prints, what it writes, and how it refuses."""

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from infersim.load.profiles import load_profile, profiles_root

DEVICE = "h100-sxm-80gb"


@pytest.fixture
def kernels(tmp_path):
    """A folder with products of 10 µs + FLOPs at 400 TFLOP/s."""
    sizes = [(m, n, k) for m in (64, 256, 1024, 4096) for n in (1024, 4096, 8192) for k in (1024, 4096, 8192)]
    m, n, k = (np.array(column) for column in zip(*sizes, strict=True))
    frame = pd.DataFrame({"dtype": "bf16", "m": m, "n": n, "k": k, "seconds": 1e-5 + 2.0 * m * n * k / 4e14})
    folder = tmp_path / "kernels"
    folder.mkdir()
    frame.to_csv(folder / "gemm.csv", index=False)
    return folder


def operators(text):
    return YAML(typ="safe", pure=True).load(text)["operators"]


def test_the_curves_are_printed_as_a_part_of_a_profile(infersim, kernels):
    done = infersim("calibrate", "fit", kernels, "--name", DEVICE, "--date", "2026-11-25", "--source", "made by hand")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("operators:  # infersim calibrate fit kernels/kernels --name h100-sxm-80gb")
    found = operators(done.out)
    assert sorted(found) == ["elementwise.bf16", "gemm.bf16"]
    assert found["gemm.bf16"]["flops_per_s"] == pytest.approx(4e14, rel=0.05)
    assert found["gemm.bf16"]["fit"]["points"] == 36
    assert found["gemm.bf16"]["fit"]["source"] == "made by hand"


def test_a_new_name_is_bounded_by_what_was_seen(infersim, kernels):
    done = infersim("calibrate", "fit", kernels, "--name", "my-own-card")
    assert done.code == 0
    assert operators(done.out)["gemm.bf16"]["flops_per_s"] <= 4e14


def test_written_curves_replace_theirs_and_leave_the_others(infersim, kernels, tmp_path):
    (tmp_path / "own" / "gpu").mkdir(parents=True)
    file = tmp_path / "own" / "gpu" / "card.yaml"
    text = (profiles_root() / "gpu" / f"{DEVICE}.yaml").read_text(encoding="utf-8")
    text = text.replace(f"name: {DEVICE}", "name: card").replace("aliases: [h100, h100-sxm]\n", "")
    file.write_text(text.replace("NVIDIA H100 SXM5 80GB", "A card"), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INFERSIM_PROFILES", str(tmp_path / "own"))
        done = infersim("calibrate", "fit", kernels, "--name", "card", "--write")
        assert (done.code, done.out) == (0, f"2 curves written to {file}\n")
        card = load_profile("device", "card")
    before = load_profile("device", DEVICE).operators
    assert card.operators["gemm.bf16"].fit.points == 36
    del card.operators["gemm.bf16"], card.operators["elementwise.bf16"]
    assert card.operators == {name: before[name] for name in card.operators}
    assert len(card.operators) == len(before) - 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("absent", "--name", DEVICE), ["absent", "no such folder"]),
        (("KERNELS", "--name", "h100-sxm-80g", "--write"), ["--name = h100-sxm-80g", "Did you mean 'h100-sxm-80gb'?"]),
        (("KERNELS", "--name", DEVICE, "--date", "yesterday"), ["--date = yesterday", "2026-11-25"]),
    ],
)
def test_what_cannot_be_used_is_told(infersim, kernels, arguments, words):
    done = infersim("calibrate", "fit", *(kernels if part == "KERNELS" else part for part in arguments))
    assert done.code == 2
    assert all(word in done.err for word in words), done.err
