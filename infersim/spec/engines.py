"""Serving engines, each under its own option names and with its own defaults."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from infersim.spec.base import Count, Flag, Integer, Number, Seconds, Spec, SpecError

Share = Annotated[Number, Field(gt=0, le=1)]
BlockSize = Annotated[Integer, Field(ge=1, le=4096)]


class _Engine(Spec):
    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.+-]{1,40}$")] | None = None
    """Takes the engine profile KIND-VERSION, where releases differ much; the engine's own profile where absent."""


class VllmEngine(_Engine):
    """vLLM, under its own option names.

    Defaults are one set for all devices: those of vLLM's configuration classes for long, with prefix caching off. A
    server picks some by itself: 1,024 sequences and 8,192 tokens on devices of 70 GiB or more that are no A100, 256 and
    2,048 on others (`EngineArgs.get_batch_defaults`); releases of 2026 take 0.92 of the memory. State what you run.
    """

    kind: Literal["vllm"] = "vllm"
    max_num_seqs: Count = 256
    """Most requests running at a time."""
    max_num_batched_tokens: Count = 8192
    """Most tokens in one step."""
    enable_chunked_prefill: Flag = True
    """Prompts are split to fill the token budget beside the decodes. False is the older rule (V0): whole prompts run
    first and alone, and those longer than the budget are refused."""
    enable_prefix_caching: Flag = False
    """Changes nothing where no two prompts share anything, and is refused where some do."""
    async_scheduling: Flag = False
    """The next step is scheduled while the device works: less host time a step, the same order of requests."""
    prefill_schedule_interval: Annotated[Integer, Field(ge=1, le=10_000)] = 1
    """Prompts run only in every so-manieth step where decodes are running and the last such step left nobody waiting;
    vLLM heeds it under attention data parallelism of MoE models."""
    block_size: BlockSize = 16
    """Tokens a KV block."""
    gpu_memory_utilization: Share = 0.9
    """Share of device memory that the engine may use."""
    num_gpu_blocks_override: Annotated[Integer, Field(ge=2, le=10**9)] | None = None
    """KV blocks, the null block included, in place of the number that the memory gives."""
    max_model_len: Count | None = None
    """Longest prompt + output; by default the model's own, or what the KV memory holds if that is less."""
    watermark: Annotated[Number, Field(ge=0, lt=1)] = 0.0
    """Share of KV blocks that an admission must leave free."""
    scheduler_reserve_full_isl: Flag = True
    """Admit a request only if all its present tokens fit, not just its first chunk."""

    @model_validator(mode="after")
    def _interval_is_of_chunks(self):
        if self.prefill_schedule_interval > 1 and not self.enable_chunked_prefill:
            raise SpecError(
                "needs enable_chunked_prefill: the older rule runs prompts first, always",
                at="prefill_schedule_interval",
                hint="leave one of the two out",
            )
        return self


class TrtllmEngine(_Engine):
    """TensorRT-LLM's in-flight batching."""

    kind: Literal["trtllm"]
    max_batch_size: Count = 2048
    """Most requests running at a time."""
    max_num_tokens: Count = 8192
    """Most tokens in one step."""
    enable_chunked_context: Flag = True
    """Prompts are split to fill max_num_tokens, in whole KV blocks; without it longer prompts are refused."""
    scheduler_policy: Literal["guaranteed_no_evict", "max_utilization", "static_batch"] = "guaranteed_no_evict"
    """Who is let in: whose whole output fits; whose prompt fits, pausing the newest later; only a batch at a time."""
    batch_wait_timeout_iters: Annotated[Integer, Field(ge=0, le=10_000)] = 0
    """Steps for which prompts are held back beside decodes, unless the step is full enough before; 0 holds none."""
    batch_wait_max_tokens_ratio: Annotated[Number, Field(ge=0, le=1)] = 0.0
    """Tokens of a step, as a share of max_num_tokens, that are enough to let prompts run; 0: any are."""
    tokens_per_block: BlockSize = 32
    """Tokens a KV block."""
    kv_cache_free_gpu_memory_fraction: Share = 0.9
    """Share of the memory that is free beside weights and activations, for KV blocks."""
    max_seq_len: Count | None = None
    """Longest prompt + output; by default the model's own, or what the KV memory holds if that is less."""
    max_beam_width: Literal[1] = 1
    """Beams are not modelled."""

    @model_validator(mode="after")
    def _chunk_holds_a_block(self):
        if self.enable_chunked_context and self.max_num_tokens < self.tokens_per_block:
            problem = f"is below tokens_per_block {self.tokens_per_block}: a long prompt could never be split"
            raise SpecError(problem, at="max_num_tokens", hint=f"at least {self.tokens_per_block}")
        return self


class SglangEngine(_Engine):
    """SGLang; its server picks several defaults by device and layout: state what you run."""

    kind: Literal["sglang"]
    max_running_requests: Count = 2048
    """Most requests running at a time; a server's own choice lies between 2,048 and 4,096."""
    chunked_prefill_size: Annotated[Integer, Field(ge=-1, le=10**9)] = 8192
    """Most prompt tokens in one step, a longer prompt being split; -1 splits none."""
    max_prefill_tokens: Count = 16384
    """Most prompt tokens of the requests of one step together."""
    mem_fraction_static: Share | None = None
    """Share of device memory for weights and KV pool, activations living outside; by default as the server picks it."""
    schedule_conservativeness: Annotated[Number, Field(gt=0, le=1000)] = 1.0
    """How much of the running requests' outputs is reckoned with when one is let in (× 0.7 at first)."""
    page_size: BlockSize = 1
    """Tokens a KV page."""
    enable_mixed_chunk: Flag = False
    """Decodes ride along with prompts in place of standing still."""
    scheduler_recv_interval: Annotated[Integer, Field(ge=1, le=10_000)] = 1
    """New requests are taken in only after so many decode steps, or at once after prompts and when idle."""
    schedule_policy: Literal["fcfs"] = "fcfs"
    """Order of the queue."""
    context_length: Count | None = None
    """Longest prompt + output; by default the model's own, or what the KV memory holds if that is less."""

    @model_validator(mode="after")
    def _chunk(self):
        size, page = self.chunked_prefill_size, self.page_size
        if size != -1 and (size < page or size % page):
            raise SpecError(f"must be -1 or a multiple of page_size {page}", at="chunked_prefill_size")
        return self


class StaticEngine(_Engine):
    """Plain static batching: so many requests together, from their prompts to the end of the longest."""

    kind: Literal["static"]
    batch_size: Count = 1
    """Requests of a batch."""
    batch_timeout_s: Annotated[Seconds, Field(ge=0)] | None = None
    """A smaller batch begins when its oldest request has waited so long; by default only when nothing more can come."""
    max_prefill_tokens: Count = 8192
    """Most prompt tokens in one pass; larger batches take several, and give all first tokens after the last."""
    max_model_len: Count | None = None
    """Longest prompt + output: the memory of every place; by default the model's own, or what the memory holds."""


class GaudiEngine(_Engine):
    """Intel Gaudi with Optimum's text generation: static batches."""

    kind: Literal["gaudi"]
    batch_size: Count = 1
    """Requests of a batch."""
    batch_timeout_s: Annotated[Seconds, Field(ge=0)] | None = None
    """As that of `static`."""
    max_prefill_tokens: Count = 8192
    """As that of `static`."""
    max_model_len: Count | None = None
    """As that of `static`."""


class NeuronxEngine(_Engine):
    """AWS Neuron with transformers-neuronx: static batches, a cache compiled for n_positions."""

    kind: Literal["neuronx"]
    batch_size: Count = 1
    """Requests of a batch."""
    batch_timeout_s: Annotated[Seconds, Field(ge=0)] | None = None
    """As that of `static`."""
    max_prefill_tokens: Count = 8192
    """As that of `static`."""
    n_positions: Count = 2048
    """Longest prompt + output: the memory of every place."""


class LlamacppEngine(_Engine):
    """llama.cpp: all waiting prompts that find a place first, then all decode together."""

    kind: Literal["llamacpp"]
    n_batch: Count = 2048
    """Most prompt tokens in one call."""
    n_ubatch: Count = 512
    """Most prompt tokens in one pass of a call."""
    n_parallel: Count = 1
    """Sequences at a time."""
    flash_attn: Flag = True
    """Fused attention kernels."""
    n_ctx: Count | None = None
    """Tokens of all sequences together; by default what the memory holds, even beyond what the model was made for: the
    benchmark programs ask for as many as their prompts and outputs need."""


class MlxEngine(_Engine):
    """MLX (mlx_lm): one request at a time."""

    kind: Literal["mlx"]
    prefill_step_size: Count = 2048
    """Prompt tokens in one pass."""


class JetstreamEngine(_Engine):
    """JetStream on TPUs: slots, prompts one at a time in buckets of powers of two."""

    kind: Literal["jetstream"]
    batch_size: Count = 32
    """Slots of all chips of a replica together."""
    max_cache_length: Count = 1024
    """Longest prompt + output: the memory of every slot."""
    max_input_sequence_length: Count = 1024
    """Longest prompt."""
    max_decode_length: Count = 1024
    """Longest output."""


AnyEngine = (
    VllmEngine
    | TrtllmEngine
    | SglangEngine
    | StaticEngine
    | GaudiEngine
    | NeuronxEngine
    | LlamacppEngine
    | MlxEngine
    | JetstreamEngine
)


def _vllm_unless_told(value: Any) -> Any:
    return {"kind": "vllm"} | value if isinstance(value, dict) and "kind" not in value else value


Engine = Annotated[Annotated[AnyEngine, Field(discriminator="kind")], BeforeValidator(_vllm_unless_told)]
