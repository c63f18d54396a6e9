"""A small scenario file that tests break, override and read back."""

from __future__ import annotations

from pathlib import Path

CHAT = """\
schema: infersim/scenario/1
name: chat on one H100
workload:
  chat:
    arrivals: {kind: poisson, rate_per_s: 6}
    prompt_tokens: {kind: lognormal, mean: 512, cv: 0.8, max: 8192}
    output_tokens: {kind: fixed, value: 8}
    slo: {ttft_s: 1.0, tpot_s: 50ms}
fleet:
  main:
    model: llama-3.1-8b
    device: h100-sxm-80gb
    engine: {kind: vllm, max_num_seqs: 256}
run: {requests: 50, seed: 1}
"""


def write(folder: Path, old: str = "", new: str = "", name: str = "chat.yaml") -> Path:
    """The scenario as a file, with one piece of text replaced."""
    assert old in CHAT
    path = folder / name
    path.write_text(CHAT.replace(old, new, 1) if old else CHAT, encoding="utf-8")
    return path
