"""Checks nodes against a pydantic model, and says what is wrong at its place in the file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from fairlead.formats.findings import Findings, did_you_mean, shown
from fairlead.formats.node import Node, Path, place_of, spell, to_plain


class Shape(BaseModel):
    """A mapping whose keys are known; ``x-…`` keys are everybody's own and are not looked at."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, protected_namespaces=(), defer_build=True
    )

    @model_validator(mode="before")
    @classmethod
    def _without_extensions(cls, value: object) -> object:
        if isinstance(value, dict):
            return {key: held for key, held in value.items() if not str(key).startswith("x-")}
        return value


S = TypeVar("S", bound=Shape)


def check(
    model: type[S],
    root: Node,
    findings: Findings,
    *,
    plain: Callable[[Node], object] = to_plain,
) -> S | None:
    """The model filled from the node; None, and a problem for each thing wrong, where it does not fit. `plain` makes
    plain values of nodes."""
    try:
        return model.model_validate(plain(root))
    except ValidationError as error:
        for wrong in _of_the_kind_meant(error.errors(include_url=False, include_context=True)):
            _say(wrong, model, root, findings)
        return None


def _of_the_kind_meant(found: list[Any]) -> list[Any]:
    """Where text or a mapping may stand, pydantic tells what is wrong with either. Of a mapping only that is told, and
    at the key that it has in the file."""
    texts = {wrong["loc"][:-1] for wrong in found if wrong["loc"][-1:] == ("str",) and isinstance(wrong["input"], dict)}
    told = []
    for wrong in found:
        place = next((place for place in texts if wrong["loc"][: len(place)] == place), None)
        if place is None:
            told.append(wrong)
        elif wrong["loc"] != (*place, "str"):
            told.append({**wrong, "loc": (*place, *wrong["loc"][len(place) + 1 :])})
    return told


def _say(wrong: Any, model: type[Shape], root: Node, findings: Findings) -> None:
    context = wrong.get("ctx") or {}
    path: Path = (*wrong["loc"], *([context["step"]] if "step" in context else []))
    key = spell(path)
    kind = wrong["type"]
    if kind == "extra_forbidden":
        known = keys_at(model, path[:-1])
        findings.problem(
            place_of(root, path), key, f"the unknown key {shown(path[-1])}", did_you_mean(str(path[-1]), known)
        )
    elif kind == "missing":
        findings.problem(place_of(root, path[:-1]), key, "nothing", f"the key {path[-1]!r}")
    else:
        findings.problem(place_of(root, path), key, shown(context.get("entry", wrong["input"])), _expected(wrong))


def _expected(wrong: Any) -> str:
    kind, context = wrong["type"], wrong.get("ctx") or {}
    if kind == "literal_error":
        return str(context.get("expected", wrong["msg"]))
    if kind in ("dict_type", "model_type", "model_attributes_type", "mapping_type"):
        return "a mapping"
    if kind == "string_type":
        return "text"
    if kind in ("list_type", "tuple_type"):
        return "a list"
    return str(wrong["msg"]).removeprefix("Input should be ")


def keys_at(model: type[BaseModel], path: Path) -> set[str]:
    """The keys that may stand at the path, for a suggestion."""
    at: Any = model
    for step in path:
        at = _inner(at, step)
    found = _model_in(at)
    return set() if found is None else {field.alias or name for name, field in found.model_fields.items()}


def _inner(kind: Any, step: str | int) -> Any:
    model = _model_in(kind)
    if model is None:
        return None
    for name, field in model.model_fields.items():
        if step in (name, field.alias):
            return field.annotation
    return model  # a name or an index inside a mapping or list of models: still that model


def _model_in(kind: Any) -> type[BaseModel] | None:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    for inner in getattr(kind, "__args__", ()):
        found = _model_in(inner)
        if found is not None:
            return found
    return None
