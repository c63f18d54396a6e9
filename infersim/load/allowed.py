"""What a spec allows at a path: keys and tags, found by walking the specs' annotations beside the data."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

TAGS = ("kind", "form")
"""Keys that choose among the members of a union."""


def keys_at(spec: type[BaseModel], data: Any, path: Sequence[object]) -> list[str]:
    """The keys that a mapping at `path` may have, empty where they are free or there is none.

    Args:
        spec: the root's.
        data: plain data under validation; its `kind`s and `form`s choose among the members of a union.
        path: keys from the root.
    """
    chosen = _chosen(*_walk(spec, data, path))
    return [field.alias or name for name, field in chosen.model_fields.items()] if is_spec(chosen) else []


def tags_at(spec: type[BaseModel], data: Any, path: Sequence[object]) -> list[str]:
    """The values that the tag at `path` may have: those of the members of the union that it chooses from."""
    union, _ = _walk(spec, data, path[:-1])
    tag = str(path[-1])
    fields = [member.model_fields[tag] for member in members(union) if is_spec(member) and tag in member.model_fields]
    return [value for field in fields for value in get_args(field.annotation)]


def _walk(annotation: Any, data: Any, path: Sequence[object]) -> tuple[Any, Any]:
    """The annotation and the data at a path; None where the walk leaves either."""
    for part in path:
        annotation = _inside(_chosen(annotation, data), part)
        if isinstance(data, Mapping):
            data = data.get(part)
        elif isinstance(data, (list, tuple)) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            data = None
    return annotation, data


def _chosen(annotation: Any, data: Any) -> Any:
    """A union's member for the data: the one of its tags, else the only one that is a mapping or list."""
    among = members(annotation)
    specs = [member for member in among if is_spec(member)]
    for member in specs if isinstance(data, Mapping) and len(specs) > 1 else ():
        tags = [(tag, member.model_fields[tag]) for tag in TAGS if tag in member.model_fields]
        if tags and all(data.get(tag, field.default) in get_args(field.annotation) for tag, field in tags):
            return member
    nested = [member for member in among if is_spec(member) or get_origin(member) in (dict, tuple, list)]
    if isinstance(data, Mapping):
        nested = [member for member in nested if is_spec(member) or get_origin(member) is dict]
    return nested[0] if len(nested) == 1 else None


def members(annotation: Any) -> list[Any]:
    """The members of a union, of unions in it, too; anything else by itself."""
    if get_origin(annotation) is Annotated:
        return members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [inner for member in get_args(annotation) for inner in members(member)]
    return [annotation]


def _inside(annotation: Any, part: object) -> Any:
    if is_spec(annotation):
        fields = annotation.model_fields.items()
        return next((field.annotation for name, field in fields if part == (field.alias or name)), None)
    arguments = get_args(annotation)
    return (arguments[-1] if get_origin(annotation) is dict else arguments[0]) if arguments else None


def is_spec(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
