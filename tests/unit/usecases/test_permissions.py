"""Every verb that has an actor refuses one who may nothing; the exceptions are named with their reason."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from tests.unit.usecases.house import NOBODY, House

import fairlead.usecases
from fairlead.domain.errors import NotAllowed, NotFound

# Verbs about the actor's own things, for which nothing but being known is needed; and parts of other verbs.
EXCEPTIONS = {
    "access.change_password": "the own password",
    "access.me": "who one is",
    "access.make_key": "a key may no more than its maker",
    "access.keys_of": "the own keys",
    "access.revoke_key": "the own key; of others it is not found",
    "runs.saw_head": "what the repository itself said; asked for by looking.look, which asks for the permission",
    "audit.note_refused": "what the rim says of an actor, nothing that one asks for",
    "deployments.ask": "a part of verbs that have asked for the permission",
    "kept_slots.ask": "a part of deployments.create and deployments.keep, which have asked for the permission",
    "waiting.supersede": "a part of deployments.ask",
    "gates.require_override": "a part of deployments.create, which has read project and environment",
    "declarations.take": "a part of making a release; each change asks for its own permission",
    "notifications.change": "which permission depends on whose it is: not found before not allowed",
    "notifications.remove": "which permission depends on whose it is: not found before not allowed",
}


def verbs() -> Iterator[tuple[str, Callable[..., Any]]]:
    for found in pkgutil.iter_modules(fairlead.usecases.__path__):
        module = importlib.import_module(f"fairlead.usecases.{found.name}")
        for name, verb in vars(module).items():
            if not inspect.isfunction(verb) or name.startswith("_") or verb.__module__ != module.__name__:
                continue
            parameters = list(inspect.signature(verb).parameters)
            if parameters[:1] == ["context"] and "actor" in parameters[:3]:
                yield f"{found.name}.{name}", verb


VERBS = dict(verbs())
EMPTY: Mapping[Any, Any] = {Mapping: {}, Sequence: (), str: "x"}


def arguments(verb: Callable[..., Any], house: House) -> dict[str, Any]:
    """Something of each type: the permission is asked for before anything is looked at."""
    made: dict[str, Any] = {"context": house.context, "actor": NOBODY}
    hints = typing.get_type_hints(verb)
    for name, parameter in inspect.signature(verb).parameters.items():
        if name in made or parameter.default is not inspect.Parameter.empty:
            continue
        kind = typing.get_origin(hints[name]) or hints[name]
        made[name] = EMPTY.get(kind)
    return made


def test_there_are_verbs() -> None:
    assert len(VERBS) > 40
    assert set(EXCEPTIONS) <= set(VERBS)


@pytest.mark.parametrize("name", sorted(set(VERBS) - set(EXCEPTIONS)))
async def test_a_verb_is_refused_without_its_permission(house: House, name: str) -> None:
    before, verb = house.rows(), VERBS[name]
    with pytest.raises(NotAllowed) as raised:
        told = verb(**arguments(verb, house))
        if inspect.isawaitable(told):
            await told
    assert raised.value.code == "permission.denied"
    assert raised.value.thing and raised.value.hint
    assert house.rows() == before


def test_what_others_own_is_not_found(house: House) -> None:
    from fairlead.usecases import access, notifications

    with pytest.raises(NotFound):
        access.revoke_key(house.context, NOBODY, "key-of-somebody")
    with pytest.raises(NotFound):
        notifications.remove(house.context, NOBODY, "ntf-of-somebody")
