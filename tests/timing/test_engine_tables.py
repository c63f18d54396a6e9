"""All-reduce tables of an engine: vLLM's tell CUDA graphs from eager launches, TensorRT-LLM's are of graphs."""

from __future__ import annotations

import pandas as pd

from infersim.calibrate.nvidia import tidy

ROWS = {"op_name": ["all_reduce"] * 2, "allreduce_dtype": ["bfloat16"] * 2, "num_gpus": [2, 2]}
ROWS |= {"message_size": [128, 128], "latency": [0.004, 0.02]}


def test_of_vllms_rows_those_of_a_graph_are_taken():
    frame = pd.DataFrame({**ROWS, "backend": ["vllm_graph", "vllm_eager"]})
    assert tidy(frame, "collective", "f")["seconds"].tolist() == [4e-6]


def test_all_of_tensorrt_llms_rows_are_taken():
    frame = pd.DataFrame({**ROWS, "implementation": ["trtllm", "trtllm"]})
    made = tidy(frame, "collective", "f")
    assert made["seconds"].tolist() == [4e-6, 2e-5]
    assert set(made["library"]) == {"engine"}
