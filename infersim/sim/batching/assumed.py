"""What an engine's rules take for granted about requests, in sentences for a reader of the figures."""

from __future__ import annotations

from infersim.spec.engines import AnyEngine, JetstreamEngine, LlamacppEngine, SglangEngine, TrtllmEngine, VllmEngine


def assumed(options: AnyEngine) -> list[str]:
    """Sentences that hold for the engine as it is set."""
    match options:
        case VllmEngine():
            cached = ["prefix caching is on and changes nothing, since no two prompts share anything"]
            ahead = ["async_scheduling is on; the profile's host time of a step was not told apart by it"]
            return cached * options.enable_prefix_caching + ahead * options.async_scheduling
        case TrtllmEngine(scheduler_policy="guaranteed_no_evict" | "static_batch"):
            return ["each request asks for as many output tokens as it gets: KV blocks are reserved for just these"]
        case SglangEngine():
            whole = "its radix cache, on by default, is not modelled: prompts are computed whole"
            return [f"each request asks for as many output tokens as it gets; {whole}"]
        case LlamacppEngine():
            return ["as in the batch program: no request has a token before all prompts that find a place are computed"]
        case JetstreamEngine():
            return ["one prompt is computed between two decode steps while slots are free"]
        case _:
            return []
