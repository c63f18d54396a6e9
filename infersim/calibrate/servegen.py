"""Workload models of clients from ServeGen's tables of production traffic: one day of one service.

Run as `python -m infersim.calibrate.servegen RATES LENGTHS --model NAME --date DATE --source TEXT`, which prints the
profile. RATES has the columns model, client, start_s, rate_per_s, cv, family; LENGTHS model, client, start_s, field,
mean and quantiles p1 …, by wider windows.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from infersim.calibrate.device import as_flow
from infersim.calibrate.servegen_check import errors
from infersim.errors import InputError, nearest
from infersim.spec.client_model import ClientModel

DAY_S, WINDOW_S, LENGTHS_WINDOW_S = 86400.0, 1800.0, 21600.0
SHARE = 0.95
"""Share of the requests that the clients kept have sent; the smallest ones beyond it are left out."""
LEVELS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
COLUMNS = [f"p{round(100 * level)}" for level in LEVELS]
FIELDS = {"prompt_tokens": "input_tokens", "output_tokens": "output_tokens", "reasoning_share": "reason_ratio"}
GRID = (np.arange(2000) + 0.5) / 2000
MOST_CV = 1000.0
LACKING = (
    "how a client's lengths change over the day",
    "the kind of a client's gaps where it changes over the day",
    "lengths beyond the last quantile: an exponential tail is assumed",
)
METHOD = (
    "day {day} of the tables, the one of median volume among whole days; its largest clients; rate and cv as stated by "
    "half-hour (none stated: no request), the family that fits most of a client's requests; quantiles of lengths mixed "
    "over the day's six-hour windows by requests; a client without stated lengths has the mixture of all that have "
    "them; errors of five million generated requests"
)
ERRORS = ("rate_error", "cv_error", "prompt_mean_error", "output_mean_error")


def model_of(rates: pd.DataFrame, lengths: pd.DataFrame, name: str, date: str, source: str) -> ClientModel:
    """The model of a service.

    Args:
        rates, lengths: the tables.
        name: of the service, as in them.
        date: of the fit.
        source: of the tables.

    Raises:
        InputError: no such service, or its prompts are not text alone.
    """
    known = sorted(rates["model"].unique())
    if name not in known:
        hint = nearest(name, known) or f"Allowed: {', '.join(known)}"
        raise InputError("no such service", hint, "--model", repr(name))
    rates, lengths = rates[rates["model"] == name], lengths[lengths["model"] == name]
    if "input_tokens" not in set(lengths["field"]):
        raise InputError("its prompts are not text alone", "", "--model", repr(name))
    day = _median_day(rates)
    rates = rates[rates["start_s"] // DAY_S == day].assign(window=lambda rows: rows["start_s"] % DAY_S // WINDOW_S)
    sent = rates.groupby("client")["rate_per_s"].sum().sort_values(ascending=False, kind="stable") * WINDOW_S
    kept = sent[: int(np.searchsorted(sent.cumsum(), SHARE * sent.sum())) + 1]
    tables = _Lengths(lengths, rates, day)
    own = kept[[client in tables.clients for client in kept.index]]
    clients = [_client(int(client), rates[rates["client"] == client], tables) for client in kept.index]
    about: dict[str, Any] = {
        "kind": "clients",
        "name": f"servegen-{name}",
        "description": f"A day of {name} in production at Alibaba Cloud, client by client",
        "source": source,
        "date": date,
        "method": METHOD.format(day=day),
        "confidence": "measured" if len(own) == len(kept) else "derived",
        "not_reproduced": LACKING,
        "window_s": WINDOW_S,
        "levels": LEVELS,
        "clients": clients,
    }
    fit = {
        "requests": round(float(sent.sum())),
        "clients": len(sent),
        "share_of_requests": round(float(kept.sum() / sent.sum()), 3),
        "share_with_own_lengths": round(float(own.sum() / kept.sum()), 3),
    }
    unchecked = ClientModel(**about, fit=fit | dict.fromkeys(ERRORS, 0.0))
    means = {field: [tables.mean(client, FIELDS[field]) for client in kept.index] for field in list(FIELDS)[:2]}
    return unchecked.model_copy(update={"fit": unchecked.fit.model_copy(update=errors(unchecked, means))})


def as_yaml(model: ClientModel) -> str:
    """A model as its profile has it: a line for each list of numbers."""
    plain = model.model_dump(exclude_none=True, by_alias=True)
    clients = plain.pop("clients")
    fit = plain.pop("fit")
    rows = [f"{key}: {as_flow(value)}" for key, value in plain.items()] + [f"fit: {as_flow(fit)}", "clients:"]
    for client in clients:
        lines = [f"{key}: {as_flow(value)}" for key, value in client.items()]
        rows += [f"  - {lines[0]}", *(f"    {line}" for line in lines[1:])]
    return "\n".join(rows) + "\n"


class _Lengths:
    """Lengths by client, weighted by requests of their windows: of the day, or where it has none of all days alike."""

    def __init__(self, lengths: pd.DataFrame, rates: pd.DataFrame, day: int):
        of_day = lengths[lengths["start_s"] // DAY_S == day]
        rows = pd.concat([of_day, lengths[~lengths["client"].isin(of_day["client"])]])
        rows = rows[rows["client"].isin(rates["client"])]
        window = rates["start_s"] // LENGTHS_WINDOW_S * LENGTHS_WINDOW_S
        sent = rates.assign(start_s=window).groupby(["client", "start_s"], as_index=False)["rate_per_s"].sum()
        rows = rows.merge(sent, "left", ["client", "start_s"]).rename(columns={"rate_per_s": "weight"}).fillna(0.0)
        by_client = rows.groupby("client")["weight"].transform("sum")
        whole = rows["client"].map(rates.groupby("client")["rate_per_s"].sum())
        self._rows = rows.assign(weight=rows["weight"].where(by_client > 0.0, whole))
        self.clients = set(rows["client"])

    def quantiles(self, client: int, field: str) -> list[float] | None:
        """Of a client, or where it has none of all clients together; None where nobody has that field."""
        rows = self._of(client, field)
        if rows.empty:
            return None
        values = np.stack([np.interp(GRID, LEVELS, row) for row in rows[COLUMNS].to_numpy(float)])
        weights = np.repeat(rows["weight"].to_numpy(), GRID.size)
        order = np.argsort(values, axis=None, kind="stable")
        sums = np.cumsum(weights[order])
        found = values.ravel()[order][np.searchsorted(sums, np.array(LEVELS) * sums[-1])]
        return [float(f"{value:.4g}") for value in found]

    def mean(self, client: int, field: str) -> float:
        """Stated mean of a client; nan where it has none."""
        rows = self._of(client, field)
        return float(np.average(rows["mean"], weights=rows["weight"])) if client in self.clients else float("nan")

    def _of(self, client: int, field: str) -> pd.DataFrame:
        rows = self._rows[self._rows["field"] == field]
        return rows[rows["client"] == client] if client in self.clients else rows


def _median_day(rates: pd.DataFrame) -> int:
    days = rates.groupby(rates["start_s"] // DAY_S)
    sums = days["rate_per_s"].sum()[days["start_s"].nunique() == DAY_S / WINDOW_S].sort_values(kind="stable")
    if sums.empty:
        raise InputError("the table has no whole day", "a day has 48 windows of half an hour", "rates")
    return int(sums.index[len(sums) // 2])


def _client(client: int, rates: pd.DataFrame, lengths: _Lengths) -> dict[str, Any]:
    windows = int(DAY_S / WINDOW_S)
    by_window = rates.set_index("window")
    rate = by_window["rate_per_s"].reindex(range(windows)).fillna(0.0)
    cv = by_window["cv"].reindex(range(windows)).fillna(1.0).clip(upper=MOST_CV)
    family = rates.groupby("family")["rate_per_s"].sum().idxmax()
    found = {name: lengths.quantiles(client, field) for name, field in FIELDS.items()}
    return {
        "name": f"client-{client}",
        "family": str(family).lower(),
        "rate_per_s": rate.tolist(),
        "cv": cv.tolist(),
        **{name: values for name, values in found.items() if values is not None},
    }


def main(arguments: list[str] | None = None) -> int:
    """Entry point of `python -m infersim.calibrate.servegen`: prints a profile."""
    parser = argparse.ArgumentParser(prog="python -m infersim.calibrate.servegen", description=__doc__)
    parser.add_argument("rates", type=Path, metavar="RATES", help="rate, cv and family by client and window")
    parser.add_argument("lengths", type=Path, metavar="LENGTHS", help="quantiles of lengths by client and window")
    parser.add_argument("--model", required=True, metavar="NAME", help="service, as the tables call it")
    parser.add_argument("--date", required=True, help="date of the fit")
    parser.add_argument("--source", required=True, help="where the tables come from")
    options = parser.parse_args(arguments)
    rates, lengths = pd.read_csv(options.rates), pd.read_csv(options.lengths)
    print(as_yaml(model_of(rates, lengths, options.model, options.date, options.source)), end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
