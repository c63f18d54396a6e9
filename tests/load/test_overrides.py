"""`--set PATH=VALUE`."""

from __future__ import annotations

import pytest

from infersim.errors import InputError, NotModelled
from infersim.load import load_scenario
from tests.load.scenarios import write


@pytest.fixture
def chat(tmp_path):
    return write(tmp_path)


def test_a_value_is_yaml_and_missing_mappings_are_made(chat):
    scenario = load_scenario(chat, ["fleet.main.purchase.price_usd_per_h=3", "run.duration_s=2min"]).scenario
    assert scenario.fleet["main"].purchase.price_usd_per_h == 3.0
    assert scenario.run.duration_s == 120.0


def test_null_restores_the_default(chat):
    assert (
        load_scenario(chat, ["fleet.main.engine.max_num_seqs=null"]).scenario.fleet["main"].engine.max_num_seqs == 256
    )
    assert load_scenario(chat, ["workload.chat.slo="]).scenario.workload["chat"].slo is None


def test_a_mapping_replaces_the_whole_mapping(chat):
    slo = load_scenario(chat, ["workload.chat.slo={e2e_s: 3}"]).scenario.workload["chat"].slo
    assert (slo.ttft_s, slo.tpot_s, slo.e2e_s) == (None, None, 3.0)


def test_later_ones_win_and_the_seed_wins_over_them(chat):
    assert load_scenario(chat, ["run.seed=3", "run.seed=4"]).scenario.run.seed == 4
    assert load_scenario(chat, ["run.seed=3"], seed=9).scenario.run.seed == 9


def test_errors_are_at_the_option_that_set_the_value_and_else_in_the_file(chat):
    loaded = load_scenario(chat, ["fleet.main.device=l40s-48gb"])
    at_option = loaded.locate(InputError("no", "", "fleet.main.device", "'l40s-48gb'"))
    assert str(at_option).startswith("--set fleet.main.device=l40s-48gb: fleet.main.device = 'l40s-48gb'")
    at_parent = loaded.locate(InputError("no", "", "fleet.main.engine.block_size"))
    assert (at_parent.file, at_parent.line, at_parent.column) == (str(chat), 13, 13)
    assert loaded.locate(at_parent) is at_parent


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("run.seed", "is not PATH=VALUE"),
        ("=3", "is not PATH=VALUE"),
        ("run..seed=3", "is not PATH=VALUE"),
        ("run.seed=[1", "is not YAML"),
        ("run.seed=a", "a number is needed"),
        ("run.sede=1", "Did you mean 'seed'?"),
        ("fleet.mian.replicas=2", "Did you mean 'main'?"),
        ("workload.chta.arrivals.kind=poisson", "Did you mean 'chat'?"),
        ("fleet.main.device.name=x", "fleet.main.device is not a mapping"),
        ("fleet.main.model=null", "is required but missing"),
    ],
)
def test_what_cannot_be_set_says_so_by_its_option(chat, override, says):
    with pytest.raises(InputError) as caught:
        load_scenario(chat, [override])
    assert says in str(caught.value)
    assert caught.value.file == f"--set {override}"


@pytest.mark.parametrize(
    "override",
    [
        "fleet.main.engine={kind: sarathi, chunk_size: 512}",
        "fleet.main.engine={kind: trtllm, max_beam_width: 4}",
        "fleet.main.engine={kind: sglang, schedule_policy: lpm}",
        "fleet.main.engine.num_scheduler_steps=8",
        "fleet.main.engine.kv_offloading_size=64",
        "fleet.main.engine.speculative={method: eagle3}",
        "fleet.main.role=prefill",
        "fleet.main.purchase.kind=spot",
        "fleet.other={model: llama-3.1-8b, device: h100-sxm-80gb}",
        "workload.chat.items={kind: fixed, value: 1}",
        "run.record=full",
    ],
)
def test_what_is_known_but_not_modelled_is_refused_by_name(chat, override):
    with pytest.raises(NotModelled, match="known, but not modelled yet") as caught:
        load_scenario(chat, [override])
    assert caught.value.file == f"--set {override}"
