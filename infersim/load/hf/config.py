"""A checkpoint's `config.json` as a mapping that refuses what it does not hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from infersim.errors import InputError
from infersim.load.messages import show


class Config:
    """The text part of a config.json, its own keys laid over those of the whole.

    Args:
        data: the file's mapping.
        file: its name, for errors.
    """

    def __init__(self, data: Mapping[str, Any], file: str):
        text = data.get("text_config") or data.get("llm_config") or {}
        self.data: dict[str, Any] = {**data, **text} if isinstance(text, Mapping) else dict(data)
        if "tie_word_embeddings" in data:
            self.data["tie_word_embeddings"] = data["tie_word_embeddings"]
        self.file = file
        self.types = [str(part.get("model_type") or "") for part in (data, text) if isinstance(part, Mapping)]
        listed = data.get("architectures")
        self.architectures = [str(name) for name in listed] if isinstance(listed, list) else []

    def has(self, name: str) -> bool:
        """Whether a key is there and not null."""
        return self.data.get(name) is not None

    def integer(self, *names: str, default: int | None = None) -> int:
        """The first of these keys that is there.

        Raises:
            InputError: none is there and there is no default, or it is no whole number.
        """
        name = next((name for name in names if self.has(name)), None)
        if name is None:
            if default is None:
                raise self.error(names[0], "is missing", "this architecture's config.json has it")
            return default
        value = self.data[name]
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.error(name, "is no whole number", value=show(value))
        return value

    def count(self, *names: str, default: int | None = None, most: int = 10**9) -> int:
        """Like `integer`, at least 1.

        Raises:
            InputError: as that, or it is out of range.
        """
        value = self.integer(*names, default=default)
        if not 1 <= value <= most:
            name = next((name for name in names if self.has(name)), names[0])
            raise self.error(name, f"must be from 1 to {most:,}", value=show(value))
        return value

    def sequence(self, name: str) -> list[Any]:
        """A key's list; an empty one where it is not there.

        Raises:
            InputError: it is something else.
        """
        value = self.data.get(name) or []
        if not isinstance(value, list):
            raise self.error(name, "a list is needed", value=show(value))
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """A key that is true or false.

        Raises:
            InputError: it is something else.
        """
        value = self.data.get(name)
        value = default if value is None else value
        if not isinstance(value, bool):
            raise self.error(name, "must be true or false", value=show(value))
        return value

    def text(self, name: str) -> str:
        """A key's text; empty where it is not there."""
        return str(self.data.get(name) or "")

    def mapping(self, name: str) -> Mapping[str, Any]:
        """A key's mapping; an empty one where it is not there."""
        value = self.data.get(name)
        return value if isinstance(value, Mapping) else {}

    def by_layer(self, name: str, layers: int) -> Sequence[Any] | None:
        """A list with an entry a layer; None where it is not there. Entries past the last layer (MTP) are dropped.

        Raises:
            InputError: it is no list, or shorter than the layers.
        """
        value = self.data.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or len(value) < layers:
            raise self.error(name, f"must list the {layers} layers", value=show(value))
        return value[:layers]

    def error(self, name: str, problem: str, hint: str = "", value: str = "") -> InputError:
        """An error that names this file and a key of it."""
        return InputError(problem, hint, name, value, self.file)
