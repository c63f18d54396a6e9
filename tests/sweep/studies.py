"""Small studies that run in milliseconds, written by tests."""

from __future__ import annotations

from pathlib import Path

SCENARIO = """\
schema: infersim/scenario/1
name: tiny
workload:
  chat:
    arrivals: {kind: poisson, rate_per_s: 20}
    prompt_tokens: {kind: lognormal, mean: 256, cv: 0.8, max: 2048}
    output_tokens: {kind: fixed, value: 4}
fleet:
  main: {model: llama-3.1-8b, device: h100-sxm-80gb}
run: {requests: 12, seed: 1}
"""
STUDY = """\
schema: infersim/study/1
name: tiny
scenario: tiny.yaml
axes:
  fleet.main.replicas: [1, 2]
  workload.chat.arrivals.rate_per_s: {from: 5, to: 500, points: 3, scale: log}
replications: 2
"""
REPLICAS, RATE = "fleet.main.replicas", "workload.chat.arrivals.rate_per_s"


def write(folder: Path, study: str = STUDY, scenario: str = SCENARIO, name: str = "study.yaml") -> Path:
    """A study's file with its scenario beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tiny.yaml").write_text(scenario, encoding="utf-8")
    (folder / name).write_text(study, encoding="utf-8")
    return folder / name
