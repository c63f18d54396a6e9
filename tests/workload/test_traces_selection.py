"""Parts, rounds, speed and resampling of a trace do to its time and its bursts what they say."""

import json

import numpy as np
import pytest

from infersim.errors import InputError
from infersim.spec.scenario import Scenario
from infersim.workload.burstiness import dispersion, gap_cv
from infersim.workload.traffic import generate
from tests.workload.trace_files import PLAIN

TEN = PLAIN + "".join(f"{5 + second},{10 + second},1\n" for second in range(10))  # from 5 s to 14 s, one a second


def bursty(count: int = 20_000, size: int = 8) -> str:
    """Bursts of eight requests within 0.1 s, Poisson at one a second: index of dispersion 8 well above 0.1 s."""
    rng = np.random.default_rng(5)
    begins = np.cumsum(rng.exponential(1.0, count // size))
    arrival = np.sort((begins[:, None] + rng.uniform(0, 0.1, (count // size, size))).ravel())
    return PLAIN + "".join(f"{at:.6f},{number % 900 + 1},1\n" for number, at in enumerate(arrival))


@pytest.mark.parametrize(
    ("options", "arrivals", "prompts"),
    [
        ({}, [5, 6, 7, 8, 9, 10, 11, 12, 13, 14], range(10, 20)),
        ({"start_s": 12}, [0, 1, 2], [17, 18, 19]),
        ({"start_s": 11.5, "duration_s": 2}, [0.5, 1.5], [17, 18]),
        ({"duration_s": 7}, [5, 6], [10, 11]),  # what arrives at the end is not in it
        ({"start_s": "12s", "limit": 2}, [0, 1], [17, 18]),
        ({"limit": 2, "repeat": 3}, [5, 6, 7, 8, 9, 10], [10, 11] * 3),  # 1 s from first to last and a gap of 1 s
        ({"start_s": 12, "duration_s": 10, "repeat": 2}, [0, 1, 2, 10, 11, 12], [17, 18, 19] * 2),
        ({"start_s": 12, "duration_s": 10, "limit": 2, "repeat": 2}, [0, 1, 2, 3], [17, 18] * 2),  # cut by limit
        ({"start_s": 12, "duration_s": 10, "repeat": 2, "speed": 2}, [0, 0.5, 1, 5, 5.5, 6], [17, 18, 19] * 2),
    ],
)
def test_parts_rounds_and_speed(traced, options, arrivals, prompts):
    requests = traced(TEN, **options)
    assert requests.arrival_s.tolist() == list(arrivals)
    assert requests.prompt_tokens.tolist() == list(prompts)
    assert requests.notes == ()


def test_thinning_leaves_requests_where_they_were_and_takes_bursts_away(traced):
    whole, thinned = traced(bursty()), traced(bursty(), rate_per_s=2)
    length_s = (whole.arrival_s[-1] - whole.arrival_s[0]) * len(whole) / (len(whole) - 1)
    assert len(thinned) == round(2 * length_s)
    assert np.isin(thinned.arrival_s, whole.arrival_s).all()
    share = len(thinned) / len(whole)
    for scale_s in (10.0, 60.0):
        before, after = (dispersion(each.arrival_s, scale_s, length_s) for each in (whole, thinned))
        # Thinning by p makes an index of dispersion D one of 1 + p (D - 1); 15% is what the length leaves open.
        assert after == pytest.approx(1 + share * (before - 1), rel=0.15)
    assert gap_cv(thinned.arrival_s) < gap_cv(whole.arrival_s)


def test_copies_keep_the_index_of_dispersion_and_never_stretch(traced):
    whole, more = traced(bursty()), traced(bursty(), rate_per_s=20)
    length_s = (whole.arrival_s[-1] - whole.arrival_s[0]) * len(whole) / (len(whole) - 1)
    assert len(more) == round(20 * length_s)
    assert (np.diff(more.arrival_s) >= 0).all()
    assert whole.arrival_s[0] <= more.arrival_s[0]
    assert more.arrival_s[-1] <= whole.arrival_s[0] + length_s
    before, after = (dispersion(each.arrival_s - whole.arrival_s[0], 10.0, length_s) for each in (whole, more))
    share = len(more) / len(whole) - 2
    # Variances and means of two whole copies and of a third one, thinned by a share p, add up.
    theory = (2 * before + share * (1 + share * (before - 1))) / (2 + share)
    assert after == pytest.approx(theory, rel=0.15)
    in_place = np.isin(whole.arrival_s, more.arrival_s)
    assert in_place.all()  # the first copy is whole
    assert len(np.unique(more.prompt_tokens)) == len(np.unique(whole.prompt_tokens))


@pytest.mark.parametrize("factor", [1.0, 1.000005, 1.01, 1.05, 4.0])
def test_a_rate_at_or_just_above_the_own_one_keeps_the_bursts(traced, factor):
    whole = traced(bursty())
    length_s = (whole.arrival_s[-1] - whole.arrival_s[0]) * len(whole) / (len(whole) - 1)
    more = traced(bursty(), rate_per_s=factor * len(whole) / length_s)
    assert len(more) == pytest.approx(factor * len(whole), rel=1e-4)
    before, after = (dispersion(each.arrival_s - whole.arrival_s[0], 60.0, length_s) for each in (whole, more))
    assert after == pytest.approx(before, rel=0.1 if factor < 2 else 0.3)  # 40 windows of four copies: 22% by chance
    if factor < 1.001:
        assert more.arrival_s.tobytes() == whole.arrival_s.tobytes()
        assert more.notes == ()


def test_a_whole_number_of_copies_keeps_every_request_and_the_first_copy_in_place(traced):
    more = traced(TEN, rate_per_s=3)
    assert np.bincount(more.prompt_tokens)[10:].tolist() == [3] * 10
    assert np.isin(np.arange(5, 15), more.arrival_s).all()


def test_resampling_says_what_it_did(traced):
    (thinned,) = traced(bursty(), rate_per_s=2).notes
    assert thinned.startswith("resampled from 8.2 to 2 requests/s by leaving")
    (more,) = traced(bursty(), rate_per_s=20).notes
    assert "from 3 copies" in more
    assert "CV of gaps" in more
    assert "index of dispersion at 1 s" in more
    assert "at 60 s" in more
    (short,) = traced(TEN, rate_per_s=0.5, speed=2).notes
    assert "index of dispersion" not in short  # 5 s hold no ten windows


def test_speed_goes_before_the_rate(traced):
    requests = traced(TEN, speed=2, rate_per_s=1)  # 10 requests in 5 s, thinned to 1 a second
    assert len(requests) == 5
    assert requests.arrival_s.max() <= 7.0


def test_copies_and_rounds_have_blocks_of_their_own(traced):
    rows = [{"timestamp": n * 1000, "input_length": 1024, "output_length": 1, "hash_ids": [7, 8 + n]} for n in range(4)]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    for options in ({"repeat": 3}, {"rate_per_s": 3}, {"repeat": 3, "rate_per_s": 1}):
        blocks = traced(text, **options).blocks
        firsts, counts = np.unique(blocks.ids[blocks.starts[:-1]], return_counts=True)
        assert (len(firsts), counts.tolist()) == (3, [4, 4, 4]), options
        assert len(np.unique(blocks.ids)) == 3 * 5
        assert np.diff(blocks.starts).tolist() == [2] * 12
    part = traced(text, start_s=1.5, limit=2).blocks
    assert part.ids.tolist() == [7, 10, 7, 11]


def test_resampling_draws_from_the_seed_and_the_classs_name_alone(tmp_path):
    (tmp_path / "t.csv").write_text(bursty(800))
    one = {"trace": {"path": "t.csv", "rate_per_s": 2}}
    fleet = {"main": {"model": "any", "device": "any"}}

    def prompts(workload, seed=1):
        traffic = generate(Scenario(workload=workload, fleet=fleet, run={"seed": seed}), tmp_path)
        number = list(workload).index("a")
        return traffic.open.prompt_tokens[traffic.open.traffic_class == number].tolist(), traffic.notes

    alone, notes = prompts({"a": one})
    assert prompts({"b": one, "a": one})[0] == alone == prompts({"a": one})[0]
    assert prompts({"a": one}, seed=2)[0] != alone
    assert notes[0].startswith("workload.a: resampled from")


@pytest.mark.parametrize(
    ("options", "field", "says"),
    [
        ({"start_s": 15}, "start_s", "its last one arrives at 14 s"),
        ({"start_s": 1, "duration_s": 2}, "duration_s", "no request of the trace is left"),
        ({"limit": 1, "repeat": 2}, "repeat", "state duration_s"),
        ({"limit": 1, "rate_per_s": 2}, "rate_per_s", "tell no length of time"),
        ({"rate_per_s": 0.01}, "rate_per_s", "the trace's own rate is 1"),
        ({"rate_per_s": 1e9}, "rate_per_s", "1e+10 requests are more than 100,000,000"),
        ({"repeat": 10**5, "speed": 1e-3, "rate_per_s": 1e3}, "rate_per_s", "more than 100,000,000"),
    ],
)
def test_what_leaves_nothing_or_too_much_is_refused_by_the_options_name(tmp_path, options, field, says):
    (tmp_path / "t.csv").write_text(TEN)
    workload = {"mine": {"trace": {"path": "t.csv", **options}}}
    with pytest.raises(InputError) as refusal:
        generate(Scenario(workload=workload, fleet={"main": {"model": "any", "device": "any"}}), tmp_path)
    assert refusal.value.field == f"workload.mine.trace.{field}"
    assert says in str(refusal.value)


def test_one_request_with_a_duration_can_be_repeated(traced):
    assert traced(TEN, limit=1, duration_s=5.5, repeat=3).arrival_s.tolist() == [5.0, 10.5, 16.0]
