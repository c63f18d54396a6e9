"""Pictures from the command line: beside the table, from the folder, and a word where there is nothing to draw."""

from __future__ import annotations

import pytest

import infersim as sim
from infersim.sweep.stored import stored
from tests.sweep.studies import RATE, REPLICAS, SCENARIO, STUDY, write

PNG = b"\x89PNG"


@pytest.fixture
def folder(infersim, tmp_path):
    out = tmp_path / "out"
    found = infersim("sweep", write(tmp_path), "--out", out, "--jobs", 1)
    assert found.code == 0, found.err
    assert f"picture: {out / 'sweep.png'}" in found.err
    return out


def test_a_sweep_has_its_picture_beside_it_always_the_same(infersim, folder, tmp_path):
    first = (folder / "sweep.png").read_bytes()
    assert first.startswith(PNG)
    infersim("results", folder, "--plot", tmp_path / "again.png")
    assert (tmp_path / "again.png").read_bytes() == first  # the folder knows which axes were given as logarithmic


def test_a_folder_read_again_draws_what_the_sweep_drew(folder):
    with stored(folder) as found:
        again = found.whole()
    assert again.paths == [REPLICAS, RATE]
    ax = again.plot("ttft_s.p99").axes[0]
    assert (ax.get_xlabel(), ax.get_xscale()) == ("rate [per s]", "log")


@pytest.mark.parametrize(
    "options",
    [
        ["--figures", "ttft_s.p99, kv_cache.peak_fraction"],
        ["--heat", "ttft_s.p99"],
        ["--pareto", "throughput.output_tokens_per_s,ttft_s.p99"],
        ["--pareto", f"{REPLICAS}:lower,ttft_s.p99"],
    ],
)
def test_results_draw_what_is_asked_for(infersim, folder, tmp_path, options):
    found = infersim("results", folder, "--plot", tmp_path / "new" / "x.png", *options)
    assert found.code == 0, found.err
    assert found.out == ""
    assert (tmp_path / "new" / "x.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--plot", "x.png", "--figures", "ttft_s.p98"], "Did you mean 'ttft_s.p9"),
        (["--plot", "x.png", "--pareto", "ttft_s.p99"], "two figures are needed"),
        (["--plot", "x.png", "--pareto", "batch.mean,ttft_s.p99"], "batch.mean:lower or batch.mean:higher"),
        (["--plot", "x.doc"], "no ending of a picture"),
        (["--plot", "x.png", "--heat", "ttft_s.p99", "--figures", "ttft_s.p99"], "one picture at a time"),
        (["--heat", "ttft_s.p99"], "say where the picture goes"),
    ],
)
def test_what_cannot_be_drawn_is_told(infersim, folder, tmp_path, monkeypatch, options, said):
    monkeypatch.chdir(tmp_path)
    found = infersim("results", folder, *options)
    assert found.code == 2
    assert said in found.err
    assert not [*tmp_path.glob("x.*")]


def test_where_nothing_is_to_draw_a_sweep_says_so_and_goes_on(infersim, folder, tmp_path):
    one = STUDY.replace("[1, 2]", "[1]").replace("{from: 5, to: 500, points: 3, scale: log}", "[5]")
    found = infersim("sweep", write(tmp_path, one), "--out", folder, "--jobs", 1)
    assert found.code == 0
    assert "no picture: nothing to draw: no setting varies" in found.err
    assert not (folder / "sweep.png").exists()  # the one of before was of other points


def test_the_title_says_what_all_points_share(tmp_path, folder):
    with stored(folder) as found:
        title = found.whole().plot("ttft_s.p99").get_suptitle()
    assert title == "tiny\nllama-3.1-8b, h100-sxm-80gb, requests 12, 2 replications"  # not what the axes vary
    write(tmp_path, scenario=SCENARIO.replace("name: tiny", "name: an hour of chat"))
    swept = sim.sweep(tmp_path / "tiny.yaml", {"fleet.main.device": ["h100-sxm-80gb", "l40s-48gb"]})
    assert swept.plot("ttft_s.p99").get_suptitle() == "tiny: an hour of chat\nllama-3.1-8b, rate 20 per s, requests 12"
