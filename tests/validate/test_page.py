"""The page of all validations: errors of tables made from the simulation's own figures, beside a roofline's."""

from __future__ import annotations

import pytest

from infersim import simulate
from infersim.load import list_profiles, load_profile
from infersim.load.profiles import overlay
from infersim.runs import read_table
from infersim.runs.figures import figure
from infersim.runs.halves import kept_out
from infersim.validate import compare, page, roofline
from infersim.validate.evidence import fitted, kernel_errors, unseen
from tests.runs.tables import CLIENTS, LENGTH, write

FIGURE = "tpot_s.mean"
MANY = [{"id": f"row {n}", "group": "many", CLIENTS: 1 + n % 3, LENGTH: 8} for n in range(15)]
FEW = [
    {"id": "one", "group": "few", CLIENTS: 1, LENGTH: 16},
    {"id": "doubtful", "group": "few", "suspect": "the clock", CLIENTS: 1, LENGTH: 16},
    {"id": "huge", "group": "few", "fleet.main.model": "llama-3.1-70b", CLIENTS: 1, LENGTH: 16},
]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """`closed_loop` with TPOT as if measured 1.25 times as long as simulated; a row of it does not fit."""
    folder = tmp_path_factory.mktemp("tables")
    table = read_table(write(folder, [*MANY, *FEW], name="closed_loop.csv"))
    rows = []
    for number, row in enumerate([*MANY, *FEW]):
        fits = row["id"] != "huge"
        own = figure(simulate(table.scenario(number)).summary(), FIGURE) if fits else 0.02
        rows.append(row | {f"measured.{FIGURE}": repr(1.25 * own)})
    return write(folder, rows, name="closed_loop.csv")


@pytest.fixture(scope="module")
def made(table, tmp_path_factory):
    """The folder of the page made from it, by the command."""
    out = tmp_path_factory.mktemp("page")
    assert page.main([str(out), str(table.parent)]) == 0
    return out


def cells(text, *begins):
    """Cells of the rows of the page's tables that begin so."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return [row[len(begins) :] for row in rows if tuple(row[: len(begins)]) == begins]


def test_the_page_tells_errors_of_all_rows_of_groups_and_of_doubtful_rows(made):
    text = (made / page.PAGE).read_text()
    overall, suspect = cells(text, "closed_loop", f"`{FIGURE}`")
    # 1/1.25 - 1; 17 trusted rows measured, one of them refused
    assert overall[:4] == ["16 of 17", "20.0%", "20.0%", "-20.0%"]
    assert suspect[:4] == ["1 of 1", "20.0%", "20.0%", "-20.0%"]
    ((rows, many),) = cells(text, "closed_loop", "many")
    assert rows == "15"
    assert many.startswith(f"`{FIGURE}` 20.0% / ")
    assert not cells(text, "closed_loop", "few")
    assert "- closed_loop: 1 of 18 rows (does not fit); the first: " in text
    # the roofline leaves out the engine's time, so it is faster still
    assert float(overall[6].rstrip("%")) < -20.0


def test_halves_are_those_of_the_fits(made):
    text = (made / page.PAGE).read_text()
    trusted = [row["id"] for row in (*MANY, *FEW) if "suspect" not in row]
    out = kept_out(trusted)
    # all trusted rows are measured; the one that is refused has no error
    for half, members in (("half for fits", ~out), ("half kept out", out)):
        ((rows, median, *_),) = cells(text, "closed_loop", f"vllm, {half}", f"`{FIGURE}`")
        answered = sum(name != "huge" for name, is_in in zip(trusted, members, strict=True) if is_in)
        assert (rows, median) == (f"{answered} of {members.sum()}", "20.0%")


def test_the_page_tells_what_profiles_state(made, table):
    text = (made / page.PAGE).read_text()
    h100 = load_profile("device", "h100-sxm-80gb").operators["gemm.bf16"].fit.median_error
    assert kernel_errors()["gemm.bf16"]["h100-sxm-80gb"] == h100
    (head,), (gemm,) = cells(text, "curve"), cells(text, "`gemm.bf16`")
    assert gemm[head.index("h100-sxm-80gb")] == f"{100 * h100:.1f}"
    for each in fitted():
        assert each.method in text
    missing = unseen([read_table(table)])
    assert set(list_profiles("model")) - set(missing["model"]) == {"llama-3.1-8b", "llama-3.1-70b"}
    assert set(list_profiles("device")) - set(missing["device"]) == {"h100-sxm-80gb"}
    assert f"- engines ({len(missing['engine'])}): {', '.join(missing['engine'])}." in text


def test_the_picture_is_one(made):
    assert (made / page.PICTURE).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_a_roofline_reads_weights_at_the_peak_and_takes_no_time_beside(table, tmp_path):
    roofline.write_profiles(tmp_path)
    with overlay(tmp_path):
        found = compare(read_table(table)).predicted(FIGURE)
    # one client: all but the embedding's table of 8.03e9 weights in 2 bytes at 3.35e12 B/s, some context beside
    weights_s = 2 * (8.03e9 - 128_256 * 4096) / 3.35e12
    assert weights_s < found[0] < 1.02 * weights_s
    for name in list_profiles("engine"):
        perfect = roofline.at_peak(load_profile("engine", name))
        assert perfect.runtime_bytes == load_profile("engine", name).runtime_bytes
        assert perfect.step_host_s.value == perfect.frontend_s.value == 0.0


def test_a_folder_without_tables_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        page.main([str(tmp_path), str(tmp_path)])
    assert ended.value.code == 2
    assert "none of the tables closed_loop" in capsys.readouterr().err
