"""A scenario as resolved: YAML with every default written out, and the hash of its canonical form."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from infersim.load.relative import absolute, placeless
from infersim.spec.scenario import Scenario

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./+-]*(?: [A-Za-z0-9_./+-]+)*")
_ESCAPED = re.compile("[\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]")
_FIRST = ("schema", "kind")
_RESERVED = {"null", "true", "false"}


def dump_scenario(scenario: Scenario, folder: Path | None = None) -> str:
    """YAML of a scenario, defaults filled in, in the order of the specs.

    Args:
        scenario: what to write; the text loads again to an equal scenario.
        folder: if given, relative paths (traces, a config.json in place of a model) are written out from it, so that
            the text may move to another folder.
    """
    data = _plain(scenario)
    return to_yaml(data if folder is None else absolute((), data, folder))


def to_yaml(data: dict[str, Any]) -> str:
    """Plain data as YAML 1.2 text: mappings in blocks, lists in brackets, `schema` and `kind` first."""
    return "\n".join(_lines(data, "")) + "\n"


def canonical_hash(scenario: Scenario, folder: Path | None = None) -> str:
    """SHA-256 of a scenario's canonical JSON; equal scenarios have equal hashes, whatever their files look like.

    Args:
        scenario: what to hash.
        folder: what its files are relative to; where given, it does not matter where they lie.
    """
    data = _plain(scenario)
    text = json.dumps(
        data if folder is None else placeless((), data, folder),
        separators=(",", ":"),
        ensure_ascii=True,
        allow_nan=False,
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(scenario: Scenario) -> dict[str, Any]:
    return scenario.model_dump(mode="json", by_alias=True, exclude_none=True)


def _lines(data: dict[str, Any], indent: str) -> Iterator[str]:
    for key, value in sorted(data.items(), key=lambda item: item[0] not in _FIRST):
        if isinstance(value, dict) and value:
            yield f"{indent}{_text(key)}:"
            yield from _lines(value, indent + "  ")
        elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            yield f"{indent}{_text(key)}:"
            yield from (f"{indent}  - {scalar(item)}" for item in value)
        else:
            yield f"{indent}{_text(key)}: {scalar(value)}"


def scalar(value: Any) -> str:
    """A value as YAML 1.2 in one line."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return f"[{', '.join(scalar(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_text(key)}: {scalar(item)}' for key, item in value.items())}}}"
    if isinstance(value, float) and abs(value) >= 1e6:
        return f"{Decimal(repr(value)).normalize():e}".replace("e+", "e")  # 3.35e12, the same float
    return json.dumps(value)


def _text(value: str) -> str:
    """Plain where YAML reads it back as the same text, else quoted as JSON does, which YAML 1.2 reads alike."""
    plain = _PLAIN.fullmatch(value) and value.lower() not in _RESERVED
    if plain:
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)
