"""A model of clients gives each client's rate, burstiness and lengths, and together more than one stream would."""

import math
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from infersim.errors import InputError
from infersim.load.messages import validated
from infersim.load.profiles import load_profile, profiles_root
from infersim.load.text import read_text
from infersim.load.yaml12 import parse
from infersim.rng import stream
from infersim.spec.client_model import ClientModel
from infersim.workload.models import requests as drawn
from infersim.workload.models.clients import generate
from infersim.workload.models.day import mean_rate_per_s, rate_between

SHIPPED = sorted((profiles_root() / "workloads").glob("servegen-*.yaml"))
FIT = dict.fromkeys(("rate_error", "cv_error", "prompt_mean_error", "output_mean_error"), 0.0)
FIT |= {"requests": 1, "clients": 1, "share_of_requests": 1.0, "share_with_own_lengths": 1.0}


def client(name: str, rate_per_s: list, cv: list, prompt: list, output: list, **more) -> dict:
    return {
        "name": name,
        "family": "gamma",
        "rate_per_s": rate_per_s,
        "cv": cv,
        "prompt_tokens": prompt,
        "output_tokens": output,
        **more,
    }


def model_of(*clients: dict, window_s: float = 100.0) -> ClientModel:
    about = dict.fromkeys(("name", "description", "source", "date", "method"), "test")
    settings = {"kind": "clients", "confidence": "derived", "window_s": window_s, "levels": [0.1, 0.5, 0.9]}
    return ClientModel(**about, **settings, clients=clients, fit=FIT)


def read(path: Path) -> ClientModel:
    return validated(ClientModel, *parse(read_text(path), str(path)))


def requests(model: ClientModel, limit=None, until_s=None, seed=1, **more):
    return generate(model, lambda what: stream(seed, what), limit, until_s, **more)


TWO = model_of(
    client("a", [6.0, 0.0, 2.0], [1.0, 1.0, 3.0], [100, 200, 300], [10, 10, 10]),
    client("b", [1.0, 9.0, 0.0], [0.5, 2.0, 1.0], [10, 10, 10], [50, 60, 80]),
)


def test_each_client_keeps_its_rate_by_window_and_the_windows_come_again():
    runs = [requests(TWO, until_s=500.0, seed=seed) for seed in range(200)]
    for number, rates in enumerate([[6, 0, 2, 6, 0], [1, 9, 0, 1, 9]]):
        edges = 100.0 * np.arange(6)
        counts = np.array([np.histogram(run.arrival_s[run.client == number], edges)[0] for run in runs])
        error = counts.std(axis=0, ddof=1) / math.sqrt(len(runs))
        assert (np.abs(counts.mean(axis=0) - 100 * np.array(rates)) <= 4 * error).all()
        assert (error < 0.05 * counts.mean(axis=0) + 1e-9).all()


def test_dispersion_is_that_of_the_clients_by_window():
    # Cox: cv² + (1 − cv⁴) / (6 m), m the mean, of a gamma client; b's second window has cv 2 and m = 900
    runs = [requests(TWO, until_s=200.0, seed=seed) for seed in range(300)]
    counts = np.array([np.count_nonzero(run.arrival_s >= 100.0) for run in runs])
    squares = (counts - 900.0) ** 2 / 900.0
    assert abs(squares.mean() - (4 - 15 / 5400)) <= 4 * squares.std(ddof=1) / math.sqrt(len(runs))


def test_lengths_are_each_clients_own_and_tie_prompts_to_outputs():
    made = requests(TWO, limit=100_000)
    of_a, of_b = made.client == 0, made.client == 1
    assert (made.prompt_tokens[of_b] == 10).all()
    assert (made.output_tokens[of_a] == 10).all()
    for level, quantile in ((0.1, 100), (0.5, 200), (0.9, 300)):
        share = (made.prompt_tokens[of_a] < quantile).mean()
        assert abs(share - level * (level > 0.1)) <= 4 * math.sqrt(level * (1 - level) / of_a.sum()) + 0.003  # whole
    # above the last level a tail that falls to a fifth from 300 − 200 … to 300: exponential, mean 100 / ln 5 beyond 300
    beyond = made.prompt_tokens[of_a & (made.prompt_tokens >= 300)] + 0.5 - 300
    assert abs(beyond.mean() - 100 / math.log(5)) <= 4 * beyond.std() / math.sqrt(beyond.size)
    assert np.corrcoef(made.prompt_tokens, made.output_tokens)[0, 1] < -0.5


def test_reasoning_is_a_share_of_the_output():
    plain = client("a", [6.0], [1.0], [1, 2, 3], [100, 200, 300])
    made = requests(model_of(plain | {"reasoning_share": [0.2, 0.5, 1.0]}), limit=20_000)
    share = made.reasoning_tokens / made.output_tokens
    assert share.min() > 0.19
    assert share.max() <= 1.0
    assert abs(np.median(share) - 0.5) < 0.01
    assert requests(model_of(plain), limit=10).reasoning_tokens is None


def test_a_longer_run_begins_like_a_shorter_one_and_the_seed_decides():
    short, long, counted = requests(TWO, until_s=150.0), requests(TWO, until_s=4000.0), requests(TWO, limit=10_000)
    for column in ("arrival_s", "client", "prompt_tokens", "output_tokens"):
        assert getattr(long, column)[: short.arrival_s.size].tobytes() == getattr(short, column).tobytes()
        assert getattr(long, column)[:10_000].tobytes() == getattr(counted, column).tobytes()
    assert requests(TWO, limit=100, seed=2).arrival_s.tobytes() != counted.arrival_s[:100].tobytes()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_models_are_whole_and_scale(path):
    model = read(path)
    assert model.name == path.stem
    assert model.fit.share_of_requests >= 0.9
    assert len(model.clients) >= 20
    tracemalloc.start()
    try:
        made = requests(model, limit=10**6, rate_per_s=10**6 / 86400)
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()
    assert made.arrival_s.size == 10**6
    assert made.prompt_tokens.min() >= 1
    # a day at that rate: as many requests as fall into it, give or take the clients' bursts
    assert 0.8 < made.arrival_s[-1] / 86400 < 1.25


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_one_stream_is_calmer_than_the_clients(path):
    """The clients' own figure against a Poisson stream of the same rate, whose dispersion is 1 at every scale."""
    model = read(path)
    made = requests(model, until_s=86400.0, rate_per_s=5.0)
    counts = np.bincount((made.arrival_s // 60).astype(int))
    assert counts.var() / counts.mean() > 5


def test_a_shipped_model_is_what_the_tables_give(shared_data, capsys):
    from infersim.calibrate.servegen import main

    tables = [shared_data / "workloads" / f"servegen_{name}.csv.gz" for name in ("rates", "lengths")]
    if not all(table.is_file() for table in tables):
        pytest.skip("ServeGen's tables are not there")
    path = SHIPPED[0]
    model = read(path)
    service = path.stem.removeprefix("servegen-")
    main([*map(str, tables), "--model", service, "--date", model.date, "--source", model.source])
    assert capsys.readouterr().out == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"cv": [1.0]}, "1 numbers where 2 are needed"),
        ({"prompt_tokens": [1, 2]}, "2 numbers where 3 are needed"),
        ({"rate_per_s": [0.0, 0.0]}, "no client sends anything"),
    ],
)
def test_what_does_not_match_is_refused(change, says):
    with pytest.raises(ValidationError, match=says):
        model_of(client("a", [1.0, 1.0], [1.0, 1.0], [1, 2, 3], [1, 2, 3]) | change)


def test_the_rate_asked_for_is_the_mean_over_the_windows():
    assert mean_rate_per_s(TWO) == pytest.approx(6.0)
    counts = [requests(TWO, until_s=300.0, rate_per_s=12.0, seed=seed).arrival_s.size for seed in range(100)]
    assert abs(np.mean(counts) - 3600) <= 4 * np.std(counts, ddof=1) / 10


def test_a_run_begins_where_in_the_day_it_is_told_to():
    for begin_s, means in ((100.0, [900, 200]), (150.0, [450, 200, 700]), (250.0, [100, 700])):
        edges = np.cumsum([0.0, *([100.0 - begin_s % 100.0]), *[100.0] * (len(means) - 1)])
        runs = [requests(TWO, until_s=edges[-1], start_s=begin_s, seed=seed) for seed in range(100)]
        counts = np.array([np.histogram(run.arrival_s, edges)[0] for run in runs])
        error = counts.std(axis=0, ddof=1) / 10
        assert (np.abs(counts.mean(axis=0) - means) <= 4 * error).all()
    assert rate_between(TWO, 150.0, 350.0) == pytest.approx((50 * 9 + 100 * 2 + 50 * 7) / 200)


def test_a_part_of_the_day_and_another_rate_are_told():
    def notes(rate_per_s=None, until_s=100.0, start_s=None, limit=None):
        return drawn(TWO, 1, "chat", rate_per_s, limit, until_s, start_s).notes

    (part,) = notes()
    assert part == "the run plays what comes from 0 s to 100 s of the model's 300 s: " + (
        "7 requests/s on average there, 6 over all of it"
    )
    assert notes(until_s=300.0) == ()
    slower, there = notes(3.0, start_s=100.0)
    assert "bursts have as many requests as before and are 2 times as long" in slower
    assert "4.5 requests/s on average there, 3 over all of it" in there
    assert notes(limit=10, until_s=None)


@pytest.mark.parametrize(
    ("name", "start_s", "says"),
    [("azure-chat-2023", 0.0, "azure-chat-2023 is fitted to one trace"), ("servegen-m-large", 86400.0, "model's day")],
)
def test_a_start_that_a_model_has_not_is_refused(name, start_s, says):
    with pytest.raises(InputError, match=says) as refused:
        drawn(load_profile("workload", name), 1, "chat", 5.0, 10, None, start_s)
    assert refused.value.field == "workload.chat.start_s"
