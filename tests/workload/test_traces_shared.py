"""Every public trace that lies beside the checkout is read whole and runs to its end."""

import duckdb
import numpy as np
import pytest

import infersim as sim
from infersim.spec.trace import Trace
from infersim.workload.traces import read

H100, H200 = "h100-sxm-80gb", "h200-sxm-141gb"
FILES = {  # file → columns of prompt and output tokens, device that holds its longest prompts
    "AzureLLMInferenceTrace_conv.csv.gz": ("ContextTokens", "GeneratedTokens", H100),
    "AzureLLMInferenceTrace_code.csv.gz": ("ContextTokens", "GeneratedTokens", H100),
    "mooncake_conversation_trace.jsonl.gz": ("input_length", "output_length", H200),
    "mooncake_synthetic_trace.jsonl.gz": ("input_length", "output_length", H200),
}


@pytest.mark.parametrize("name", FILES)
def test_a_trace_runs_to_its_end_with_every_request_accounted_for(shared_data, name):
    path = shared_data / "traces" / name
    if not path.is_file():
        pytest.skip(f"{name} is not there")
    prompt, output, device = FILES[name]
    rows = duckdb.sql(f"SELECT {prompt}, {output} FROM '{path}'").fetchnumpy()
    trace = read(Trace(path=str(path)), path.parent)
    assert np.array_equal(trace.prompt_tokens, rows[prompt])
    assert np.array_equal(trace.output_tokens, rows[output])
    assert (np.diff(trace.arrival_s) >= 0).all()
    if trace.blocks is not None:
        assert np.array_equal(np.diff(trace.blocks.starts), -(-trace.prompt_tokens // 512))
    result = sim.simulate(
        {
            "workload": {"all": {"trace": {"path": str(path)}}},
            "fleet": {"main": {"model": "llama-3.1-8b", "device": device}},
        }
    )
    figures = result.summary()
    fits = rows[prompt] + rows[output] <= 131_072  # the model's context
    assert figures["requests"]["arrived"] == len(trace)
    assert figures["requests"]["completed"] == fits.sum()
    assert figures["requests"]["rejected"] == (~fits).sum()
    assert figures["tokens"]["output"] == rows[output][fits].sum()


def test_every_trace_there_is_tested(shared_data):
    assert {path.name for path in (shared_data / "traces").iterdir()} <= set(FILES)
