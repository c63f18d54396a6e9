"""From a config.json to a model."""

from __future__ import annotations

import datetime
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from infersim.errors import InputError
from infersim.load.hf.attention import layers_of
from infersim.load.hf.config import Config
from infersim.load.hf.dtypes import dtypes
from infersim.load.hf.families import family
from infersim.load.messages import show, validated
from infersim.load.parameters import count
from infersim.load.places import Places
from infersim.load.text import read_text
from infersim.spec.model import Model

FILE = "config.json"
_QUANTISED = "hf_quant_config.json"


def config_file(path: str | Path) -> Path:
    """The file that such a name means."""
    return Path(path) / FILE if Path(path).is_dir() else Path(path)


def read_config(path: str | Path) -> Model:
    """The model that a config.json describes.

    Args:
        path: the file, or a folder that holds it. `hf_quant_config.json` beside it is read, too.

    Raises:
        InputError: it cannot be read, or is of an architecture or a quantisation that is not known.
    """
    file = config_file(path)
    c = Config({**_beside(file), **_mapping(file)}, str(file))
    kind = family(c)
    try:
        attention, feed_forward = _grouped(kind.attention(c)), _grouped(kind.feed_forward(c))
    except ValidationError as error:
        first = error.errors()[0]
        where, what = ".".join(map(str, first["loc"])), first["msg"].removeprefix("Value error, ")
        raise c.error(where, what, "this is what the file's keys come to", show(first["input"])) from None
    hidden, vocab = c.integer("hidden_size", "n_embd", "n_embed"), c.integer("vocab_size")
    tied, lookup = c.flag("tie_word_embeddings", default=kind.tied), _lookup(c)
    dtype, moe_dtype = dtypes(c, any(block.kind == "moe" for block in feed_forward))
    data = {
        "schema": "infersim/model/1",
        "name": _name(file),
        "full_name": _name(file),
        "layers": layers_of(c),
        "hidden": hidden,
        "attention": attention,
        "feed_forward": feed_forward,
        "vocab": vocab,
        "tie_embeddings": tied,
        "lookup_params": lookup,
        "max_position": c.integer("max_position_embeddings", "n_positions", "seq_length", default=2048),
        "dtype": dtype,
        "moe_dtype": moe_dtype,
        "params": count(hidden, vocab, attention, feed_forward, tied=tied, lookup=lookup),
        "source": f"{file}; parameters counted from the shapes",
        "date": datetime.date.fromtimestamp(file.stat().st_mtime).isoformat(),
        "note": "; ".join(filter(None, (kind.note, _shared_index(c)))) or None,
    }
    return validated(Model, data, Places())


def _grouped(layers: Iterable[Any]) -> list[Any]:
    """Equal layers as one block with their number, in the order of their first."""
    return [block.model_copy(update={"layers": number}) for block, number in Counter(layers).items()]


def _lookup(c: Config) -> int:
    """Per-layer embeddings (Gemma 3n and 4): a table, and the three projections of each layer, which no block has."""
    width = c.integer("hidden_size_per_layer_input", default=0)
    if not width:
        return 0
    return width * layers_of(c) * (c.integer("vocab_size_per_layer_input", "vocab_size") + 3 * c.integer("hidden_size"))


def _shared_index(c: Config) -> str | None:
    """GLM-5.2 lets layers use the tokens that an earlier layer's index picked."""
    shared = c.sequence("indexer_types").count("shared")
    return f"{shared} layers share the index of an earlier one; counted as if each had its own" if shared else None


def _name(file: Path) -> str:
    """The folder's name for `config.json`, else the file's stem."""
    return (file.absolute().parent.name if file.name == FILE else file.stem.removesuffix("_config")) or file.stem


def _beside(file: Path) -> dict[str, Any]:
    """What `hf_quant_config.json` beside the file says, in config.json's own place for it."""
    beside = file.parent / _QUANTISED
    return {"quantization_config": _mapping(beside).get("quantization")} if beside.is_file() else {}


def _mapping(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(read_text(file))
    except json.JSONDecodeError as error:
        raise InputError(f"is no JSON: {error.msg}", "", "", "", str(file), error.lineno, error.colno) from None
    except ValueError:
        raise InputError("is no JSON that can be read: a number of thousands of digits", file=str(file)) from None
    except RecursionError:
        raise InputError("is nested too deeply", file=str(file)) from None
    if not isinstance(data, dict):
        raise InputError("the top level must be a mapping", "a model's config.json is one", file=str(file))
    return data
