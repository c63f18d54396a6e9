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
# # A first run
#
# Can one H100 answer six chat requests a second with Llama-3.1-8B, each first token within a second? And ten? A
# scenario asks the question, a run answers it: no accelerator is needed, and an hour of traffic takes under a second.
#
# It runs in the repository's folder `notebooks`, with `infersim` and `jupyterlab` installed.

# %%
import infersim as sim

scenario = "../experiments/first_light/chat.yaml"
result = sim.simulate(scenario)
result

# %% [markdown]
# Every figure is in one dictionary, in seconds, bytes and US dollars. The names are those of `infersim run --json`.

# %%
figures = result.summary()
print(f"99 of 100 first tokens came within {figures['ttft_s']['p99'] * 1000:.0f} ms")
print(
    f"a batch held {figures['batch']['mean']:.0f} requests, {figures['kv_cache']['mean_fraction']:.0%} of the KV memory"
)
print(f"a million output tokens cost {figures['cost']['usd_per_million_output_tokens']:.2f} USD")

# %% [markdown]
# The picture shows where the time went: latencies, the load over time, the batch, the KV memory.

# %%
result.plot_dashboard()

# %% [markdown]
# ## Change the question
#
# Any path of the scenario can be set without touching the file. How far can the rate go until first tokens come late?

# %%
import pandas as pd

rows = []
for rate in (6, 12, 18, 24, 30, 36):
    figures = sim.simulate(scenario, {"workload.chat.arrivals.rate_per_s": rate, "run.duration_s": 900}).summary()
    rows.append(
        {
            "requests/s": rate,
            "TTFT p99 [ms]": figures["ttft_s"]["p99"] * 1000,
            "TPOT p50 [ms]": figures["tpot_s"]["p50"] * 1000,
            "batch": figures["batch"]["mean"],
            "KV memory": figures["kv_cache"]["mean_fraction"],
            "SLO met": figures["goodput"]["fraction"],
        }
    )
load = pd.DataFrame(rows).set_index("requests/s")
load.round(3)

# %%
axes = load[["TPOT p50 [ms]", "TTFT p99 [ms]"]].plot(subplots=True, layout=(1, 2), marker="o", figsize=(9, 3), ylim=0)

# %% [markdown]
# Latency grows slowly with the load until the batch limit of 256 requests is reached; then a queue grows without end,
# and no latency describes it any more. Such a run says so in its first warning.

# %%
sim.simulate(scenario, {"workload.chat.arrivals.rate_per_s": 45, "run.duration_s": 900}).warnings[0]

# %% [markdown]
# ## One run is an anecdote
#
# Other seeds are other hours of the same kind of traffic. Replications say how far a figure may be trusted: the mean
# over them, and the interval that holds the true mean in 95 of 100 such experiments.

# %%
replications = sim.replicate(scenario, {"run.duration_s": 900}, replications=8)
figures = replications.summary()
low, high = figures["ci95"]["ttft_s"]["p99"]
print(f"TTFT p99: {figures['ttft_s']['p99'] * 1000:.0f} ms, between {low * 1000:.0f} and {high * 1000:.0f} ms")

# %% [markdown]
# ## Single requests
#
# `requests` has a row a request and `timeline` a row a slice of time, both as pandas tables.

# %%
requests = result.requests
requests.assign(ttft_ms=1000 * (requests.first_token_s - requests.arrival_s)).groupby(
    pd.cut(requests.prompt_tokens, [0, 128, 512, 2048, 8192])
).ttft_ms.describe(percentiles=[0.5, 0.99]).round(1)

# %% [markdown]
# ## What does it rest on?
#
# Every result says which curves it used, how they came about, and where benchmarks of its class came out. `measured`
# kernels were timed on the device; `derived` ones are scaled from a relative.

# %%
confidence = result.summary()["confidence"]
low, high = confidence["prediction_interval"]["ttft_s"]["mean"]
print(f"mean TTFT {result.summary()['ttft_s']['mean'] * 1000:.0f} ms; 80% of validated runs of this class would lie")
print(f"between {low * 1000:.0f} and {high * 1000:.0f} ms ({confidence['prediction_interval']['basis']})")
pd.DataFrame(confidence["curves"])[["curve", "device", "confidence", "median_error"]]
