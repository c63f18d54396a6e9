# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A sweep
#
# How many H100 does chat with Llama-3.1-8B need, and at which load? One run is one answer; a decision needs many, and
# has to know which of their differences are chance. It runs in the repository's folder `notebooks`.

# %%
import infersim as sim

scenario = "../experiments/first_light/chat.yaml"
rate, replicas = "workload.chat.arrivals.rate_per_s", "fleet.main.replicas"

# %% [markdown]
# ## Sweep two axes
#
# An axis is any path of the scenario with its values. All combinations run, each from three seeds; every point has the
# same three, so that points are compared under the same traffic.

# %%
found = sim.sweep(scenario, {replicas: [1, 2], rate: [10, 20, 30, 40, 60], "run.duration_s": [300]}, replications=3)
found

# %% [markdown]
# Each figure is a mean with its 95% interval. `overload` marks points where arrivals outran service: their latencies
# are those of a queue that grows, and would be others in a longer run.
#
# With `out="FOLDER"` every finished run is kept: stop the sweep, run the cell again, and only what is missing is run.
#
# ## Read the table
#
# All figures are columns of one pandas table: `simulated.` and the name that `infersim run --json` uses.

# %%
table = found.to_dataframe()
served = table[table.status == "ok"]
served.pivot(index=rate, columns=replicas, values="simulated.ttft_s.p99").mul(1000).round(0)

# %% [markdown]
# NaN is what cannot be served. Which point is cheapest, if 99 of 100 first tokens must come within 200 ms?

# %%
best = found.best("cost.usd_per_million_output_tokens", where='"simulated.ttft_s.p99" < 0.2')
print(f"{best[replicas]} replica(s) at {best[rate]} requests/s:", end=" ")
print(f"{best['simulated.cost.usd_per_million_output_tokens']:.2f} USD per million output tokens")

# %% [markdown]
# ## Look at it

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(6, 3))
for count, rows in served.groupby(replicas):
    axes.plot(rows[rate], 1000 * rows["simulated.tpot_s.p99"], "o-", label=f"{count} × H100")
    axes.fill_between(rows[rate], 1000 * rows["ci95_low.tpot_s.p99"], 1000 * rows["ci95_high.tpot_s.p99"], alpha=0.2)
axes.set(xlabel="requests/s", ylabel="TPOT p99 [ms]", ylim=(0, None))
legend = axes.legend()

# %% [markdown]
# ## Compare two points
#
# Does a smaller step help, 1,024 tokens in place of 8,192? Both run under the same seeds, and the differences are
# paired: what the traffic does to both cancels out. A verdict is given only where the interval of the difference
# allows it.

# %%
busy = {rate: 20, "run.duration_s": 300}
sim.compare(
    (scenario, busy),
    (scenario, {**busy, "fleet.main.engine.max_num_batched_tokens": 1024}),
    names=["8,192 tokens a step", "1,024 tokens a step"],
    replications=8,
)

# %% [markdown]
# ## Find the capacity
#
# A grid tells that the edge lies between two of its rates. `curve` goes and finds it: the highest rate at which the
# scenario's SLO holds (first token within 1 s, 50 ms a token, for 99% of the requests).

# %%
curve = sim.curve(scenario, {"run.duration_s": 300})
low, high = curve.ci95
print(f"one H100 serves {curve.capacity_requests_per_s:.1f} requests/s, 95% interval {low:.1f} to {high:.1f}")
curve.plot()

# %% [markdown]
# The interval tells of chance alone. How far the model itself may be off from a real server is in `docs/validation.md`.
