"""What prompts share, held against the prompts themselves: lists of tokens that are compared one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infersim.spec.workload import TrafficClass
from infersim.workload.lengths import Drawer
from infersim.workload.prefixes import of_class
from infersim.workload.requests import Blocks
from infersim.workload.reuse import reused_by_blocks, reused_tokens, shares

ANY = {
    "arrivals": {"kind": "poisson", "rate_per_s": 1},
    "prompt_tokens": {"kind": "uniform", "low": 5, "high": 90},
    "output_tokens": {"kind": "fixed", "value": 4},
}
TALKS = {"turns": {"kind": "fixed", "value": 3}}
RECORDED = {"trace": {"path": "a.csv", "format": "sessions"}}


def spec(**keys) -> TrafficClass:
    return TrafficClass(**(ANY | keys))


def columns(prompt, **others) -> dict[str, np.ndarray]:
    return {name: np.array(values, dtype=np.int64) for name, values in {"prompt_tokens": prompt, **others}.items()}


def common(one: list, other: list) -> int:
    """How many tokens two prompts begin with alike."""
    for place, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return place
    return min(len(one), len(other))


def assert_told(prompts: list[list], blocks: Blocks):
    """Any two prompts have just as many leading ids in common as whole blocks of tokens."""
    each = [blocks.ids[begin:end].tolist() for begin, end in zip(blocks.starts, blocks.starts[1:], strict=False)]
    assert [len(ids) for ids in each] == [len(prompt) // blocks.block_tokens for prompt in prompts]
    for one, ids in zip(prompts, each, strict=True):
        for other, others in zip(prompts, each, strict=True):
            assert common(ids, others) == common(one, other) // blocks.block_tokens


def reused(prompts: list[list]) -> list[int]:
    """The most tokens that any earlier prompt begins with alike."""
    return [max((common(prompt, earlier) for earlier in prompts[:k]), default=0) for k, prompt in enumerate(prompts)]


def synthetic(lengths, head_tokens, heads, distinct) -> list[list]:
    """Prompts as the reference says: beginnings in turn, whole prompts in turn."""
    prompts = []
    for k, length in enumerate(lengths):
        text = k if distinct is None else k % distinct
        prompts.append([("head", text % heads, i) if i < head_tokens else ("text", text, i) for i in range(length)])
    return prompts


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=14),
    st.integers(0, 40),
    st.integers(1, 4),
    st.none() | st.integers(1, 6),
    st.sampled_from([1, 4, 16]),
)
def test_synthetic_prompts(lengths, head_tokens, heads, distinct, block_tokens):
    if distinct is not None:
        lengths = [lengths[k % min(distinct, len(lengths))] for k in range(len(lengths))]
    keys = {"shared_prefix_tokens": head_tokens, "shared_prefixes": heads} if head_tokens else {}
    traffic = spec(**keys, distinct_prompts=distinct)
    prompts = synthetic(lengths, head_tokens, heads, distinct)
    assert_told(prompts, of_class(traffic, columns(lengths), block_tokens))
    assert reused_tokens(traffic, columns(lengths)).tolist() == reused(prompts)


turn = st.tuples(st.integers(0, 3), st.integers(1, 40), st.integers(1, 9))


@settings(max_examples=150, deadline=None)
@given(st.lists(turn, min_size=1, max_size=14), st.integers(0, 30), st.integers(1, 3), st.sampled_from([1, 4, 16]))
def test_conversations(turns, head_tokens, heads, block_tokens):
    """Sessions interleaved as they come; each prompt goes on where the last answer stopped."""
    said: dict[int, list] = {}
    count: dict[int, int] = {}
    prompts, rows = [], []
    for session, new, output in turns:
        before = said.get(session, [])
        whole = range(len(before), len(before) + new)
        fresh = [(session, i) for i in whole]
        if not before:
            fresh[:head_tokens] = [("head", session % heads, i) for i in range(min(new, head_tokens))]
        prompts.append(before + fresh)
        rows.append((len(prompts[-1]), output, session, count.get(session, 0), len(before)))
        said[session] = prompts[-1] + [(session, i) for i in range(whole.stop, whole.stop + output)]
        count[session] = count.get(session, 0) + 1
    prompt, output, session, number, shared = zip(*rows, strict=True)
    table = columns(prompt, output_tokens=output, session_id=session, turn=number, shared_prefix_tokens=shared)
    keys = {"shared_prefix_tokens": head_tokens, "shared_prefixes": heads} if head_tokens else {}
    assert_told(prompts, of_class(spec(sessions=TALKS, **keys), table, block_tokens))
    found = reused_tokens(spec(sessions=TALKS, **keys), table).tolist()
    assert found == [max(pair) for pair in zip(reused(prompts), shared, strict=True)]
    recorded = of_class(TrafficClass(**RECORDED), table, block_tokens)
    alike = [[(*token, of) for token in tokens] for tokens, of in zip(prompts, session, strict=True)]
    assert_told(alike, recorded)


def test_a_recorded_turn_may_take_up_less_than_was_said():
    table = columns([8, 12, 12], output_tokens=[4, 4, 4], session_id=[5, 5, 5], shared_prefix_tokens=[0, 4, 12])
    blocks = of_class(TrafficClass(**RECORDED), table, 4)
    a, b, c, d, e, f, g, h = blocks.ids.tolist()
    assert (c, f, g, h) == (a, a, d, e)
    assert len({a, b, d, e}) == 4
    assert reused_tokens(TrafficClass(**RECORDED), table).tolist() == [0, 4, 12]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.integers(0, 2), max_size=5), min_size=1, max_size=9), st.data())
def test_reuse_told_by_recorded_blocks(paths, data):
    """Ids that stand for all that comes before them, as hashes of blocks do."""
    names: dict[tuple, int] = {}
    chains = [[names.setdefault(tuple(path[: k + 1]), len(names)) for k in range(len(path))] for path in paths]
    starts = np.concatenate([[0], np.cumsum([len(chain) for chain in chains])])
    blocks = Blocks(10, np.array([i for chain in chains for i in chain], dtype=np.int64), starts)
    prompt = np.array([data.draw(st.integers(max(10 * len(c) - 9, 1), 10 * len(c) + 9)) for c in chains])
    found = reused_by_blocks(blocks, prompt).tolist()
    assert found == [min(10 * blocks_, n) for blocks_, n in zip(reused(chains), prompt.tolist(), strict=True)]


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({}, False),
        ({"shared_prefix_tokens": 9}, True),
        ({"distinct_prompts": 9}, True),
        ({"sessions": TALKS}, True),
        ({"sessions": TALKS | {"keeps_context": False}}, False),
    ],
)
def test_which_classes_share(keys, told):
    assert shares(spec(**keys)) == told


def test_recorded_sessions_share_and_plain_traces_do_not():
    assert shares(TrafficClass(**RECORDED))
    assert not shares(TrafficClass(trace={"path": "a.csv"}))


def test_distinct_prompts_repeat_their_lengths_and_not_their_answers():
    traffic = spec(distinct_prompts=7, output_tokens={"kind": "geometric", "mean": 50})
    prompt, output, _ = Drawer(traffic, 3, "a").draw(100)
    free, same, _ = Drawer(spec(output_tokens={"kind": "geometric", "mean": 50}), 3, "a").draw(100)
    assert prompt.tolist() == [*np.tile(free[:7], 15)[:100]]
    assert output.tolist() == same.tolist()


@pytest.mark.parametrize("pieces", [(100,), (3, 97), (1, 5, 2, 92), (50, 50)])
def test_distinct_prompts_do_not_depend_on_how_many_are_drawn_at_a_time(pieces):
    traffic = spec(distinct_prompts=9)
    drawer = Drawer(traffic, 3, "a")
    assert np.concatenate([drawer.draw(n)[0] for n in pieces]).tolist() == Drawer(traffic, 3, "a").draw(100)[0].tolist()
