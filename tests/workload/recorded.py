"""The public traces that the shipped workload models are fitted to, where they lie beside the checkout."""

import csv
import gzip
import json
from pathlib import Path

import numpy as np

from infersim.workload.requests import Requests

FILES = {
    "azure-chat-2023": "AzureLLMInferenceTrace_conv.csv.gz",
    "azure-code-2023": "AzureLLMInferenceTrace_code.csv.gz",
    "mooncake-conversation": "mooncake_conversation_trace.jsonl.gz",
    "mooncake-synthetic": "mooncake_synthetic_trace.jsonl.gz",
}
MOONCAKE = ("timestamp", "input_length", "output_length")


def recorded(name: str, folder: Path) -> Requests:
    """The trace behind a shipped model, from time 0."""
    with gzip.open(folder / "traces" / FILES[name], "rt") as file:
        if name.startswith("mooncake"):
            rows = [[row[key] for key in MOONCAKE] for row in map(json.loads, file)]
            stamps, prompts, outputs = np.array(rows, dtype=np.int64).T
            return Requests((stamps - stamps[0]) / 1e3, prompts, outputs)
        stamps, *tokens = zip(*list(csv.reader(file))[1:], strict=True)
        prompts, outputs = np.array(tokens, dtype=np.int64)
        when = np.array(stamps, dtype="datetime64[ns]")
        return Requests((when - when[0]).astype(np.int64) / 1e9, prompts, outputs)
