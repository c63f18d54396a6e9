"""Run tables as they are read: what each column is, what a row makes of the base, which files they come from."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest

from infersim import simulate
from infersim.errors import InputError
from infersim.load import load_scenario
from infersim.runs import read_table
from infersim.runs.figures import GROWTH, LATER, POOL, TRAFFIC, figure
from infersim.runs.select import rows_where
from tests.runs.tables import BASE, CLIENTS, LENGTH, ROWS, write, write_text


def test_columns_are_told_by_their_names(tmp_path):
    row = {"id": "a", "backend version": "1.0", CLIENTS: 1, "measured.ttft_s.mean": 0.1, "simulated.tpot_s.p99": 0.2}
    table = read_table(write(tmp_path, [row, {"id": "b", "measured.ttft_s.mean": "1e-1"}]))
    assert [*table.columns.labels] == ["id", "backend version"]
    assert [*table.columns.paths] == [CLIENTS]
    np.testing.assert_array_equal(table.figures["measured"]["ttft_s.mean"], [0.1, 0.1])
    np.testing.assert_array_equal(table.figures["simulated"]["tpot_s.p99"], [0.2, np.nan])
    assert [table.label(row, "id") for row in range(len(table))] == ["a", "b"]
    assert table.label(1, "backend version") is None
    assert table.label(0, "nowhere") is None


def test_base_and_row_together_are_the_scenario(tmp_path):
    path = write(tmp_path)
    table = read_table(path)
    with pytest.raises(InputError, match="clients"):
        load_scenario(tmp_path / "mine.base.yaml")
    for number, row in enumerate(ROWS):
        settings = [f"{name}={value}" for name, value in row.items() if "." in name]
        assert table.scenario(number).scenario == load_scenario(tmp_path / "mine.base.yaml", settings).scenario


def test_a_cell_is_yaml_and_an_empty_one_sets_nothing(tmp_path):
    row = {
        CLIENTS: "1e0",
        "workload.load.output_tokens": "{kind: empirical, values: [1, 2]}",
        "fleet.main.engine.scheduler_reserve_full_isl": "false",
        "fleet.main.replicas": " ",
        "run.duration_s": "10min",
        "run.requests": "null",
    }
    made = read_table(write(tmp_path, [row])).scenario(0).scenario
    assert made.workload["load"].output_tokens.values == (1, 2)
    assert made.fleet["main"].engine.scheduler_reserve_full_isl is False
    assert (made.fleet["main"].replicas, made.run.duration_s, made.run.requests) == (1, 600.0, None)


def test_outer_paths_are_set_before_those_inside_them(tmp_path):
    row = {CLIENTS: 3, "workload.load.output_tokens.value": 7, "workload.load.output_tokens": "{kind: fixed, value: 9}"}
    made = read_table(write(tmp_path, [row])).scenario(0).scenario
    assert made.workload["load"].output_tokens.value == 7


def test_csv_gzip_and_parquet_read_alike(tmp_path):
    plain = read_table(write(tmp_path))
    packed = read_table(write(tmp_path, name="packed.csv.gz"))
    write(tmp_path, name="columns.csv")
    with duckdb.connect() as connection:
        connection.execute(f"COPY (FROM '{tmp_path}/columns.csv') TO '{tmp_path}/columns.parquet' (FORMAT parquet)")
    columns = read_table(tmp_path / "columns.parquet")
    for row in range(3):
        assert plain.scenario(row).scenario == packed.scenario(row).scenario == columns.scenario(row).scenario
        assert plain.label(row, "id") == columns.label(row, "id")


def test_parquet_may_hold_lists_and_missing_values(tmp_path):
    write(tmp_path)
    with duckdb.connect() as connection:
        query = f"""SELECT 2 AS "{CLIENTS}", [3, 4] AS "workload.load.output_tokens.values",
            'empirical' AS "workload.load.output_tokens.kind", NULL AS "workload.load.output_tokens.weights",
            'nan'::DOUBLE AS "measured.ttft_s.mean" """
        connection.execute(f"COPY ({query}) TO '{tmp_path}/mine.parquet' (FORMAT parquet)")
    table = read_table(tmp_path / "mine.parquet")
    assert table.scenario(0).scenario.workload["load"].output_tokens.values == (3, 4)
    assert np.isnan(table.figures["measured"]["ttft_s.mean"][0])


def test_a_byte_order_mark_and_quoted_cells_are_read(tmp_path):
    text = f'\ufeffid,"{CLIENTS}",{LENGTH},note\r\na,1,8,"one, two\nthree"\r\n\r\nb,x,8,\r\n'
    table = read_table(write_text(tmp_path, text))
    assert (len(table), table.label(0, "note")) == (2, "one, two\nthree")
    with pytest.raises(InputError) as caught:
        table.scenario(1)
    assert (caught.value.field, caught.value.value, caught.value.line) == (CLIENTS, "'x'", 5)


def test_a_name_in_capitals_and_a_separator_inside_a_cell_are_read(tmp_path):
    write(tmp_path, name="MINE.csv")
    path = tmp_path / "MINE.CSV"
    path.write_text(f"id,note,{CLIENTS}\na,one\u2028line,1\n", encoding="utf-8")
    assert read_table(path).label(0, "note") == "one\u2028line"


def test_files_in_rows_are_relative_to_the_table_and_in_the_base_to_the_base(tmp_path):
    (tmp_path / "there").mkdir()
    for folder in (tmp_path, tmp_path / "there"):
        (folder / "trace.csv").write_text("arrival_s,prompt_tokens,output_tokens\n0,8,2\n")
    (tmp_path / "there" / "base.yaml").write_text(
        "workload: {load: {trace: {path: trace.csv}}}\nfleet: {main: {model: llama-3.1-8b, device: h100-sxm-80gb}}\n"
    )
    rows = [{"id": "a", "workload.load.trace.path": "trace.csv"}, {"id": "b"}]
    table = read_table(write(tmp_path, rows, base=None), tmp_path / "there" / "base.yaml")
    for row, folder in ((0, tmp_path), (1, tmp_path / "there")):
        made = table.scenario(row)
        assert (made.folder / made.scenario.workload["load"].trace.path).resolve() == folder / "trace.csv"


def test_a_model_s_config_is_relative_to_the_table(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "base.yaml").write_text(BASE)
    rows = [{CLIENTS: 1, LENGTH: 1, "fleet.main.model": name} for name in ("mine/config.json", "llama-3.1-8b")]
    table = read_table(write(tmp_path, rows, base=None), tmp_path / "there" / "base.yaml")
    models = [table.scenario(row).scenario.fleet["main"].model for row in range(2)]
    assert models == [str(tmp_path.resolve() / "mine" / "config.json"), "llama-3.1-8b"]


def test_rows_are_chosen_by_sql(tmp_path):
    rows = [
        {
            "id": "1",
            CLIENTS: 1,
            "fleet.main.device": "h100-sxm-80gb",
            "note": "",
            "hot": "true",
            "mixed": "1",
            "_row": 7,
            "huge": "9" * 40,
        },
        {"id": "2", CLIENTS: 2, "fleet.main.device": "l40s-48gb", "note": "x", "hot": "", "mixed": "one"},
        {"id": "3", CLIENTS: 10, "fleet.main.device": "l40s-48gb", "note": "", "hot": "false", "mixed": "1.5"},
    ]
    rows[0] |= {"_row": 7, "huge": "9" * 40}
    table = read_table(write(tmp_path, rows))
    for condition, chosen in (
        (f'"{CLIENTS}" > 1', [1, 2]),  # as numbers: '10' < '2' as text
        ("\"fleet.main.device\" = 'l40s-48gb' AND note IS NULL -- a remark", [2]),
        ("hot", [0]),
        ("mixed = '1'", [0]),
        ("id = 2", [1]),
        ("_row = 7 AND huge > 1e30", [0]),
        ("false", []),
    ):
        assert rows_where(table, condition) == chosen, condition


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("devise = 1", "devise"),
        ("id =", "syntax error"),
        ("id = 'a'); DROP TABLE runs; SELECT (1", "more than one condition"),
        ("id IN (SELECT content FROM read_text('/etc/hostname'))", "disabled"),
    ],
)
def test_a_bad_condition_is_refused_in_the_database_s_words(tmp_path, condition, says):
    with pytest.raises(InputError, match=says) as caught:
        rows_where(read_table(write(tmp_path)), condition)
    assert caught.value.file == f"--where {condition}"


def leaves(data: dict, above: str = ""):
    """Paths of the numbers in a summary."""
    for key, value in data.items():
        path = f"{above}.{key}" if above else key
        if isinstance(value, dict):
            yield from leaves(value, path)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield path


def test_figures_are_those_that_a_run_has(tmp_path):
    table = read_table(write(tmp_path))
    priced = {"price_usd_per_h": 3.0, "source": "example"}
    data = table.data(1)
    data["workload"]["load"]["slo"] = {"e2e_s": 10}
    data["fleet"]["main"]["purchase"] = priced
    summary = simulate(data).summary()
    apart = (
        "seed",
        "span.",
        "classes.",
        "pools.",
        "confidence.",
        "intervals.",
        "wall.",
        "goodput.slo.",
    )  # asked or run
    found = {path for path in leaves(summary) if not path.startswith(apart)}
    assert found == {*TRAFFIC, *POOL, GROWTH} - LATER
    for name in ("classes.load.ttft_s.mean", "pools.main.kv_cache.peak_fraction"):
        assert figure(summary, name) == figure(summary, name.split(".", 2)[2])
    assert figure(summary, "throughput.nothing") is None


def test_every_shared_table_is_read_and_every_column_known(shared_data):
    paths = sorted((shared_data / "runs").glob("*.csv.gz"))
    if not paths:
        pytest.skip("no run tables among the measured data")
    for path in paths:
        table = read_table(path)
        assert len(table) >= 2, path.name
        assert table.figures["measured"], path.name
        assert rows_where(table, "id IS NOT NULL") == [*range(len(table))], path.name


def test_the_base_stays_as_it_is(tmp_path):
    table = read_table(write(tmp_path))
    before = repr(table.base)
    for row in range(3):
        table.scenario(row)
    assert repr(table.base) == before
    assert (tmp_path / "mine.base.yaml").read_text() == BASE


def test_overrides_are_laid_over_every_row(tmp_path):
    table = read_table(write(tmp_path), overrides=[f"{CLIENTS}=3", "fleet.main.replicas=2"])
    for row in range(len(table)):
        scenario = table.scenario(row).scenario
        assert scenario.workload["load"].arrivals.clients == 3
        assert scenario.fleet["main"].replicas == 2
    assert table.scenario(1).scenario.workload["load"].output_tokens.value == 16


def test_an_override_of_nothing_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"Did you mean 'fleet\.main\.replicas'"):
        read_table(write(tmp_path), overrides=["fleet.main.replica=2"])
