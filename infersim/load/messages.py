"""Validation errors in the words of the person who typed: which field, which value, what to type instead."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from infersim.errors import InputError, InputErrors, nearest
from infersim.load.allowed import TAGS, keys_at, tags_at
from infersim.load.places import Places, dotted
from infersim.spec.base import SpecError

_YES_NO = "yes, no, on and off are text in YAML 1.2; write true or false"
_MOST = 50
_EXAMPLES = {
    "sessions": "{turns: {kind: geometric, mean: 4}, think_s: {kind: exponential, mean: 20}}",
    "workload.*": "{arrivals: {kind: poisson, rate_per_s: 6}, prompt_tokens: …, output_tokens: …}",
    "fleet.*": "{model: llama-3.1-8b, device: h100-sxm-80gb}",
    "arrivals": "{kind: poisson, rate_per_s: 6}",
    "prompt_tokens": "{kind: fixed, value: 512}",
    "output_tokens": "{kind: fixed, value: 128}",
    "reasoning_tokens": "{kind: lognormal, mean: 900, cv: 1.2}",
    "trace": "{path: conv.csv.gz, format: azure}",
    "slo": "{ttft_s: 1.0, tpot_s: 0.05}",
    "budget": "{wall_s: 10min}, or {runs: 1000}",
    "engine": "{kind: vllm, max_num_seqs: 256}",
    "precision": "{weights: bf16, kv_cache: fp8}",
    "parallel": "{tensor: 2}",
    "workload": "traffic classes by name, e.g. {chat: {arrivals: …, prompt_tokens: …, output_tokens: …}}",
    "fleet": "pools by name, e.g. {main: {model: llama-3.1-8b, device: h100-sxm-80gb}}",
    "device": "infersim devices list shows all",
    "model": "infersim models list shows all; those of traffic: infersim workloads list",
}


def validated(spec: type[BaseModel], data: Any, places: Places) -> Any:
    """Plain data as a spec.

    Args:
        spec: the spec's class.
        data: plain data, as read from a file.
        places: where each part of it stands.

    Raises:
        InputError: one or several; each with its field, value, place and what to type instead.
    """
    try:
        return spec.model_validate(data)
    except ValidationError as error:
        found = [*_merged(error.errors(include_url=False)[:_MOST], spec, data, places)]
    raise together(found)


def together(errors: Sequence[InputError]) -> InputError:
    """One error as itself, several as one: options first, then by line."""
    ordered = sorted(errors, key=lambda error: (not error.file.startswith("--"), error.line))
    return ordered[0] if len(ordered) == 1 else InputErrors(*ordered)


def show(value: Any) -> str:
    """A value as the user would write it, cut to 60 characters."""
    if value is None:
        return "null"
    if isinstance(value, str):
        text = repr(value)
    elif isinstance(value, float) and not math.isfinite(value):
        text = ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    elif isinstance(value, bool):
        text = str(value).lower()
    else:
        text = repr(value).replace("'", "")
    return text if len(text) <= 60 else text[:57] + "…" + ("'" if isinstance(value, str) else "")


def _merged(details: list[ErrorDetails], spec: type[BaseModel], data: Any, places: Places) -> list[InputError]:
    """Errors by field; what the members of a union say about one value becomes one sentence."""
    grouped: dict[tuple[object, ...], list[ErrorDetails]] = {}
    for detail in details:
        path = _path(detail["loc"], data)
        grouped.setdefault((*path, *_pointed(detail)), []).append(detail)
    for path in [path for path, group in grouped.items() if group[0]["type"] == "too_short"]:
        if any(other[: len(path)] == path != other for other in grouped):
            del grouped[path]  # entries that are wrong are not counted: one mistake, told once
    unknown = [path for path, group in grouped.items() if group[0]["type"] == "extra_forbidden"]
    return [
        _translated(path, group, spec, data, places)
        for path, group in grouped.items()
        if group[0]["type"] != "missing" or not _is_misspelt(path, unknown)
    ]


def _is_misspelt(missing: tuple[object, ...], unknown: list[tuple[object, ...]]) -> bool:
    """Whether a missing key stands beside an unknown one that is nearest to it: one mistake, told once."""
    return any(path[:-1] == missing[:-1] and nearest(path[-1], [str(missing[-1])]) for path in unknown)


def _path(loc: Sequence[int | str], data: Any) -> tuple[object, ...]:
    """Pydantic's location without the names of union members that it puts in between."""
    path: list[object] = []
    for position, part in enumerate(loc):
        if isinstance(data, Mapping):
            is_tag = part not in data and part in [data.get(tag) for tag in TAGS]
            is_default_tag = part not in data and position + 1 < len(loc) and not any(tag in data for tag in TAGS)
            if is_tag or is_default_tag or part == "[key]":
                continue
            path.append(part)
            data = data.get(part)
        elif isinstance(data, (list, tuple)) and isinstance(part, int):
            path.append(part)
            data = data[part] if part < len(data) else None
        elif position + 1 < len(loc):
            continue
    return tuple(path)


def _pointed(detail: ErrorDetails) -> list[str]:
    """What an error points at below its location: a union's tag, or the field that a `SpecError` names."""
    context = detail.get("ctx", {})
    if "discriminator" in context:
        return [context["discriminator"].strip("'")]
    fault = context.get("error")
    return fault.at.split(".") if isinstance(fault, SpecError) and fault.at else []


def _translated(
    path: tuple[object, ...], group: list[ErrorDetails], spec: type[BaseModel], data: Any, places: Places
) -> InputError:
    said = [_said(path, detail, spec, data) for detail in group]
    problem = "; or ".join(dict.fromkeys(problem for problem, _, _ in said))
    hint = next((hint for _, hint, _ in said if hint), "")
    value = next((value for _, _, value in said if value), "")
    at_key = group[0]["type"] == "extra_forbidden" or "[key]" in group[0]["loc"]
    error = InputError(problem, hint, dotted(path), value)
    place = places.find(dotted(path), key=at_key)
    return error.located(place.source, place.line, place.column) if place else error


def _said(path: tuple[object, ...], detail: ErrorDetails, spec: type[BaseModel], data: Any) -> tuple[str, str, str]:
    """Problem, hint and value of one error."""
    kind, context, given = detail["type"], detail.get("ctx", {}), detail["input"]
    name = f"{path[0]}.*" if len(path) == 2 else str(path[-1]) if path else ""
    example = _EXAMPLES.get(name, "")
    example = f"e.g. {example}" if example.startswith("{") else example
    if kind == "extra_forbidden":
        allowed = keys_at(spec, data, path[:-1])
        return "unknown key", _join(nearest(path[-1], allowed), f"Allowed here: {', '.join(allowed)}"), ""
    if kind == "missing":
        return "is required but missing", example, ""
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _tag(context, tags_at(spec, data, path))
    if kind in ("literal_error", "enum"):
        return _choice(context, given)
    if given is None:
        return "nothing is given here", example or "leave the key out to take its default", "null"
    if kind in ("value_error", "assertion_error"):
        fault = context["error"]
        if isinstance(fault, SpecError):
            given = given.get(fault.at) if isinstance(given, Mapping) else None
            return fault.problem, fault.hint, "" if given is None else show(given)
        return str(fault), example, "" if isinstance(given, Mapping) else show(given)
    if "[key]" in detail["loc"]:
        return "a name takes letters, digits, - and _, at most 64", "", ""
    problem = _MESSAGES[kind](context) if kind in _MESSAGES else detail["msg"]
    if kind == "bool_type" and isinstance(given, str):
        example = _YES_NO
    return problem, example, show(given)


def _tag(context: dict[str, Any], allowed: list[str]) -> tuple[str, str, str]:
    """A union's tag that is missing or unknown."""
    name, listed = context["discriminator"].strip("'"), f"Allowed: {', '.join(allowed)}"
    if "tag" not in context:
        return "is required but missing", listed, ""
    tag = str(context["tag"])
    return f"unknown {name}", _join(nearest(tag, allowed), listed), show(tag)


def _choice(context: dict[str, Any], given: Any) -> tuple[str, str, str]:
    expected = context["expected"]
    allowed = re.findall(r"'([^']*)'", expected)
    if not allowed:
        return f"must be {expected.lower()}", _YES_NO if isinstance(given, str) else "", show(given)
    problem = f"must be {' or '.join([', '.join(allowed[:-1]), allowed[-1]]) if allowed[1:] else allowed[0]}"
    return problem, nearest(given, allowed) if isinstance(given, str) else "", show(given)


def _join(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _limit(sign: str, key: str) -> Callable[[dict[str, Any]], str]:
    return lambda context: f"must be {sign} {context[key]:.15g}"


def _says(text: str) -> Callable[[dict[str, Any]], str]:
    return lambda context: text


_MESSAGES: dict[str, Callable[[dict[str, Any]], str]] = {
    "greater_than": _limit(">", "gt"),
    "greater_than_equal": _limit("≥", "ge"),
    "less_than": _limit("<", "lt"),
    "less_than_equal": _limit("≤", "le"),
    "finite_number": _says("must be a finite number"),
    "bool_type": _says("must be true or false"),
    "int_type": _says("a whole number is needed"),
    "int_from_float": _says("a whole number is needed"),
    "int_parsing": _says("a whole number is needed"),
    "int_parsing_size": _says("is too large"),
    "float_type": _says("a number is needed"),
    "float_parsing": _says("a number is needed"),
    "string_type": _says("text is needed"),
    "string_too_short": _says("must not be empty"),
    "string_too_long": lambda context: f"must be at most {context['max_length']} characters",
    "too_short": lambda context: (
        "must not be empty" if context["min_length"] == 1 else f"needs at least {context['min_length']} entries"
    ),
    "too_long": lambda context: f"takes at most {context['max_length']:,} entries",
    "dict_type": _says("a mapping is needed"),
    "model_type": _says("a mapping is needed"),
    "model_attributes_type": _says("a mapping is needed"),
    "tuple_type": _says("a list is needed"),
    "list_type": _says("a list is needed"),
}
