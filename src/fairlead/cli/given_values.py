"""Values that no option can mean, refused before anything is asked: an empty one where leaving it out means something
else (a variable of the shell that has no value), a number that is none, negative seconds, and a change of nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import typer

from fairlead.domain.errors import Invalid

EMPTY = "it is empty (a variable of the shell that has no value?)"
NEVER_EMPTY = frozenset(
    {
        "at_time",
        "environment",
        "get",
        "hash",
        "id",
        "key",
        "not_after",
        "plan",
        "plan_hash",
        "project",
        "server",
        "tenant",
        "to",
        "url",
    }
)
"""Parameters that say which thing is meant: left out, another one is, and so nobody means that by \"\"."""
WHICH = frozenset({"help", "library_set", "project", "revision"})
"""Options of a `set` that say what is changed, and not how; `project` where it is one."""
MAKERS = frozenset({"federated-credentials", "identity-providers", "runbooks", "tenants", "triggers"})
"""Groups whose `set` makes what is not there yet, for which a name may do: where it is there, it stays as it is."""
BY_ARGUMENT = frozenset({"variables"})
"""Groups whose `set` takes what it sets in an argument, and looks at it itself."""

LONGEST_WAIT_S = 86_400
"""As the server has it, which would refuse more only once what is waited for has begun."""


def guarded(command: Any) -> Any:
    """The command, and those below it, with a look at what is given to each."""
    for one in getattr(command, "commands", {}).values():
        guarded(one)
    for parameter in command.params:
        parameter.callback = _after_a_look(parameter.callback)
        parameter.process_value = _unless_no_path(parameter, parameter.process_value)
    if command.name in ("set", "set-template") and (options := [one for one in command.params if _says_how(one)]):
        command.invoke = _unless_nothing_changes(command.invoke, options)
    return command


def _says_how(parameter: Any) -> bool:
    """Whether it is an option that a `set` changes something by."""
    return parameter.param_type_name == "option" and (parameter.multiple or parameter.name not in WHICH)


def _unless_nothing_changes(then: Callable[[Any], Any], options: Sequence[Any]) -> Callable[[Any], Any]:
    def invoke(context: Any) -> Any:
        group = context.parent.info_name
        is_nothing = all(context.get_parameter_source(one.name).name == "DEFAULT" for one in options)
        if is_nothing and group not in BY_ARGUMENT and _is_named(context):
            hint = ", ".join(max(one.opts, key=len) for one in options)
            if group not in MAKERS:
                raise Invalid("input.invalid", "say what to change", hint=hint)
            context.obj.unless_new = hint
        return then(context)

    return invoke


def _after_a_look(then: Callable[[Any, Any, Any], Any] | None) -> Callable[[Any, Any, Any], Any]:
    def look(context: Any, parameter: Any, value: Any) -> Any:
        if isinstance(value, float) and not (math.isfinite(value) and value >= 0):
            raise typer.BadParameter(f"{value:g} is no number of seconds", context, parameter)
        if isinstance(value, float) and parameter.name == "timeout" and value > LONGEST_WAIT_S:
            raise typer.BadParameter(f"at most {LONGEST_WAIT_S:,} seconds", context, parameter)
        if value is not None and parameter.name in NEVER_EMPTY and _is_nothing(context, parameter, value):
            raise typer.BadParameter(EMPTY, context, parameter)
        return then(context, parameter, value) if then else value

    return look


def _is_named(context: Any) -> bool:
    """Whether what is to be changed has a name; else that is what is said."""
    names = [one.name for one in context.command.params if one.param_type_name == "argument"]
    return all(str(context.params[name]).strip() for name in names)


def _unless_no_path(parameter: Any, then: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """An empty path would be the folder that one stands in."""

    def process(context: Any, value: Any) -> Any:
        made = then(context, value)
        if isinstance(made, Path) and isinstance(value, str) and not value.strip():
            raise typer.BadParameter(EMPTY, context, parameter)
        return made

    return process


def _is_nothing(context: Any, parameter: Any, value: Any) -> bool:
    """Whether it is given, and blank; where "" is no default, it has a meaning of its own."""
    is_given = context.get_parameter_source(parameter.name).name == "COMMANDLINE"
    return bool(is_given and parameter.default == "" and not str(value).strip())


def refuse_both(first: tuple[str, object], second: tuple[str, object]) -> None:
    """Invalid `input.invalid` where two options are given that contradict each other."""
    if first[1] and second[1]:
        raise Invalid("input.invalid", f"{first[0]} and {second[0]} contradict each other", hint="give one of them")


def require_named(option: str, names: Sequence[str]) -> None:
    """Invalid `input.name` where one of several is blank: nobody means nobody in particular by that."""
    if any(not name.strip() for name in names):
        raise Invalid("input.name", f"{option}: it is empty", hint="a variable of the shell that has no value?")
