"""`devices check`: each thing that goes wrong in a device file, and that the shipped ones are in order."""

from __future__ import annotations

import json

import pytest

from infersim.errors import InputError
from infersim.load import list_profiles, profiles_root
from infersim.load.device_check import check_device
from tests.cli.console import Console

CARD = {
    "name": "card-80gb", "full_name": "A Card 80GB", "maker": "Somebody", "kind": "gpu", "year": 2024,
    "memory": {"bytes": 85.9e9, "bandwidth_bytes_per_s": 3e12, "cache_bytes": 50e6},
    "peak_flops": {"fp32": 60e12, "tf32": 400e12, "bf16": 800e12, "fp16": 800e12, "fp8": 1600e12},
    "power_w": {"limit": 600}, "link": {"kind": "a link", "bytes_per_s": 300e9}, "relative": "h100-sxm-80gb",
}  # fmt: skip
ORIGIN = {"source": "a data sheet", "date": "2026-11-25", "confidence": "spec-sheet"}
GEMM = {"form": "gemm/1", "launch_s": 1e-6, "flops_per_s": 700e12, "bytes_per_s": 2.5e12, "wave_tiles": 60,
        "k_half": 100, "bytes_extra": 0, "norm": 2, "confidence": "measured"}  # fmt: skip


def written(folder, name="card-80gb", **changes):
    """A device file; changes by path, with `__` for the dot."""
    data = json.loads(json.dumps({"schema": "infersim/device/1", **CARD}))
    for path, value in changes.items():
        part, _, key = path.rpartition("__")
        inner = data[part] if part else data
        if value is None:
            inner.pop(key)
        else:
            inner[key] = value
    for part in ("memory", "peak_flops", "power_w", "link"):
        if part in data:
            data[part] |= ORIGIN
    file = folder / f"{name}.yaml"
    file.write_text(json.dumps(data), encoding="utf-8")
    return file


def found(file, kind="implausible"):
    return {finding.field: finding.problem for finding in check_device(file)[1] if finding.kind == kind}


def test_a_plausible_device_is_told_what_stands_in_for_its_curves(tmp_path):
    file = written(tmp_path)
    assert found(file) == {}
    missing = found(file, "missing")
    assert set(missing) == {"operators"}
    assert "those of h100-sxm-80gb, scaled" in missing["operators"]
    assert "shares of the data sheet's peaks" in found(written(tmp_path, relative=None), "missing")["operators"]


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"memory__bytes": 80}, "memory.bytes", "too small for bytes"),
        ({"memory__bytes": 80e9}, "memory.bytes", "80 GB of memory are mostly GiB"),
        ({"memory__bandwidth_bytes_per_s": 3000}, "memory.bandwidth_bytes_per_s", "too small for bytes/s"),
        ({"peak_flops__bf16": 800}, "peak_flops.bf16", "too small for FLOP/s"),
        ({"link__bytes_per_s": 300}, "link.bytes_per_s", "too small for bytes/s"),
        ({"link__bytes_per_s": 3.6e12}, "link.bytes_per_s", "above the memory's"),
        ({"peak_flops__fp8": 3200e12}, "peak_flops.fp8", "is 4 times fp16"),
        ({"peak_flops__fp4": 6400e12}, "peak_flops.fp4", "is 4 times fp8"),
        ({"peak_flops__int8": 6400e12}, "peak_flops.int8", "is 4 times fp8"),
        ({"peak_flops__tf32": 200e12}, "peak_flops.fp16", "is 4 times tf32"),
        ({"peak_flops__fp32": 20e12}, "peak_flops.fp16", "is 40 times fp32"),
        ({"power_w__limit": 200}, "peak_flops.fp16", "is 4 TFLOPS a watt"),
        ({"power_w__limit": 0.2}, "power_w.limit", "0.2 W"),
        ({"power_w__limit": 700_000}, "power_w.limit", "700000 W"),
        ({"power_w__idle": 650}, "power_w.idle", "not below the limit"),
        ({"relative": "h1000"}, "relative", "no such device"),
        ({"relative": "l4-24gb"}, "relative", "has no curves"),
        ({"operators": {"gemm.bf16": GEMM | {"flops_per_s": 900e12}}}, "operators.gemm.bf16", "above the peak"),
        ({"operators": {"gemm.bf16": GEMM | {"bytes_per_s": 3.5e12}}}, "operators.gemm.bf16", "above the memory's"),
        ({"operators": {"all_reduce.bf16": {"form": "all_reduce/1", "confidence": "measured", "devices": {
            "2": {"large": [{"latency_s": 1e-5, "bytes_per_s": 400e9}]}}}}}, "operators.all_reduce.bf16",
         "above the link's"),
    ],
)  # fmt: skip
def test_each_implausible_number_is_found(tmp_path, changes, field, says):
    assert says in found(written(tmp_path, **changes))[field]


def test_twice_the_rate_of_a_shipped_chip_of_that_name_is_sparse(tmp_path):
    peaks = {f"peak_flops__{dtype}": rate for dtype, rate in
             {"fp32": 67e12, "tf32": 989e12, "bf16": 1979e12, "fp16": 1979e12, "fp8": 3958e12}.items()}  # fmt: skip
    file = written(tmp_path, "h100-mine", **peaks)
    text = file.read_text(encoding="utf-8").replace('"card-80gb"', '"h100-mine"')
    file.write_text(text, encoding="utf-8")
    assert "is twice that of h100-sxm-80gb" in found(file)["peak_flops.fp8"]


@pytest.mark.parametrize("part", ["power_w", "link", "memory__cache_bytes"])
def test_what_is_not_given_is_told(tmp_path, part):
    assert part.replace("__", ".") in found(written(tmp_path, **{part: None}), "missing")


def test_a_name_that_is_not_the_files_is_remarked(tmp_path):
    assert "by which it is found" in found(written(tmp_path, "other"), "remark")["name"]


@pytest.mark.parametrize("name", list_profiles("device"))
def test_shipped_devices_have_nothing_implausible(name):
    (file,) = profiles_root().glob(f"*/{name}.yaml")
    assert found(file) == {}


def test_the_command_answers_in_text_and_json_and_is_strict_only_when_asked(tmp_path, capsys):
    infersim = Console(capsys)
    good, bad = written(tmp_path), written(tmp_path, "bad", memory__bytes=80e9)
    answer = infersim("devices", "check", good)
    assert answer.code == 0
    assert answer.out.startswith("card-80gb: nothing implausible\nmissing: operators\n")
    assert infersim("devices", "check", bad).code == 0
    assert infersim("devices", "check", good, "--strict").code == 0
    assert infersim("devices", "check", bad, "--strict").code == 1
    told = json.loads(infersim("devices", "check", bad, "--json").out)
    assert (told["device"], told["implausible"]) == ("card-80gb", 1)
    assert told["findings"][0]["kind"] == "implausible"
    assert told["findings"][0]["field"] == "memory.bytes"


def test_an_unreadable_file_ends_with_2(tmp_path, capsys):
    infersim = Console(capsys)
    assert infersim("devices", "check", tmp_path / "nowhere.yaml").code == 2
    (tmp_path / "a.yaml").write_text("name: a\n", encoding="utf-8")
    answer = infersim("devices", "check", tmp_path / "a.yaml")
    assert answer.code == 2
    assert "is required but missing" in answer.err
    with pytest.raises(InputError):
        check_device(tmp_path / "nowhere.yaml")
