"""Print, or write into a device's profile, the curves fitted to a folder of kernel tables."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import Any

from infersim.calibrate import fits
from infersim.load.profiles import load_profile, profiles_root
from infersim.spec.hardware import Device

ELEMENTWISE_SHARE = 0.7
"""Share of memory bandwidth that element-wise kernels reach: an assumption, there is no table of them."""

TEXTS = ("method", "source")


def operators(folder: Path, device: Device, about: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """All curves that the tables in a folder allow, by name in the profile.

    Args:
        folder: gemm.parquet, attention_prefill.parquet, attention_decode.parquet, nccl.parquet and
            custom_allreduce.parquet.
        device: profile with peaks, bandwidth and cache size; its own curves are not used.
        about: `date` and `source` of the measurements.
    """
    found: dict[str, dict[str, Any] | None] = {}
    for dtype in ("bf16", "fp8"):
        found[f"gemm.{dtype}"] = fits.gemm(folder, device, dtype, about)
        found[f"attention_prefill.{dtype}"] = fits.attention_prefill(folder, device, dtype, about)
        found[f"attention_decode.{dtype}"] = fits.attention_decode(folder, device, dtype, about)
    found["all_reduce.bf16"] = fits.all_reduce(folder, device, about)
    found["elementwise.bf16"] = {
        "form": "elementwise/1",
        "launch_s": 0.0,
        "bytes_per_s": float(f"{ELEMENTWISE_SHARE * device.memory.bandwidth_bytes_per_s:.3g}"),
        "source": f"assumption: {ELEMENTWISE_SHARE:g} of memory bandwidth, launches within the engine's host time",
        "date": about["date"],
        "confidence": "derived",
    }
    return {name: found[name] for name in sorted(found) if found[name] is not None}  # type: ignore[misc]


def as_yaml(curves: dict[str, dict[str, Any]]) -> str:
    """The `operators:` part of a profile: a number a line, a line per group of numbers."""
    rows = ["operators:"]
    for name, curve in curves.items():
        rows.append(f"  {name}:")
        for key, value in curve.items():
            if key == "fit":
                numbers = {part: value[part] for part in value if part not in TEXTS}
                texts = {part: value[part] for part in TEXTS}
                rows.append(f"    fit: {as_flow(numbers)[:-1]},")
                rows += [f"      {part}: {as_flow(text)}," for part, text in texts.items()]
                rows[-1] = rows[-1][:-1] + "}"
            elif key == "devices":
                rows += ["    devices:", *(f"      {count}: {as_flow(numbers)}" for count, numbers in value.items())]
            elif key == "lines":
                rows += ["    lines:", *(f"      - {as_flow(line)}" for line in value)]
            else:
                rows.append(f"    {key}: {as_flow(value)}")
    return "\n".join(rows) + "\n"


def as_flow(value: Any) -> str:
    """A value as YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {as_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(as_flow(inner) for inner in value) + "]"
    if isinstance(value, float):
        digits, _, exponent = f"{value:.10g}".partition("e")
        return f"{digits}e{int(exponent)}" if exponent else digits
    text = str(value)
    return f'"{text}"' if " " in text else text


def main(arguments: list[str] | None = None) -> int:
    """Entry point of `python -m infersim.calibrate`."""
    parser = argparse.ArgumentParser(prog="python -m infersim.calibrate", description=__doc__)
    parser.add_argument("kernels", type=Path, metavar="KERNEL_DIR", help="folder of Parquet tables")
    parser.add_argument("--device", required=True, metavar="NAME", help="device profile")
    parser.add_argument("--source", required=True, help="where the measurements come from")
    parser.add_argument("--date", required=True, help="date of the fit")
    parser.add_argument("--write", action="store_true", help="put the curves into the profile that infersim ships")
    options = parser.parse_args(arguments)
    device = load_profile("device", options.device)
    text = as_yaml(operators(options.kernels, device, {"date": options.date, "source": options.source}))
    words = ["python -m infersim.calibrate", f"kernels/{options.kernels.name}", "--device", device.name]
    command = " ".join([*words, "--date", options.date, "--source", shlex.quote(options.source)])
    text = text.replace("operators:", f"operators:  # {command}", 1)
    if options.write:
        (file,) = profiles_root().glob(f"*/{device.name}.yaml")
        head, _, _ = file.read_text(encoding="utf-8").partition("\noperators:")
        file.write_text(head.rstrip("\n") + "\n" + text, encoding="utf-8")
    else:
        print(text, end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
