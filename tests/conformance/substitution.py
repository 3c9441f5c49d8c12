"""Cases of the substitution language: variables and a template, and what it makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ruamel.yaml import YAML
from tests.conformance.judging import Case, Shape, Verdict, each, lists

from fairlead.domain.errors import FairleadError
from fairlead.domain.template.variables import Variables, names_in
from fairlead.formats.markdown import MARKDOWN_FILTERS

NOW = datetime(2026, 11, 28, 12, 30, tzinfo=UTC)


def judge(file: Mapping[str, Any]) -> Iterator[Verdict]:
    """A verdict for each case of the file."""
    return each(file["cases"], lambda case: [_verdict(case)])


def _verdict(case: Case) -> Verdict:
    variables = Variables(case["variables"], now=lambda: NOW, more_filters=MARKDOWN_FILTERS)
    expected = {key: value for key, value in case.items() if key.startswith("expected")}
    kind = case["kind"].removesuffix("_error").removesuffix("_throws")
    is_refused = kind != case["kind"]
    try:
        came, error = KINDS[kind](variables, case)
        if isinstance(came, str):
            came = _after(came, case.get("post", ()))
    except FairleadError as failed:
        told = str(failed)
        is_right = is_refused or (
            None in expected.values() and all(_holds(key, value, None, told) for key, value in expected.items())
        )
        return Verdict(case["name"], is_right, expected or "refused", told)
    if is_refused:  # with an error, or with none of what was asked for
        return Verdict(case["name"], came is None or bool(error), expected or "refused", came)
    return Verdict(
        case["name"], all(_holds(key, value, came, error) for key, value in expected.items()), expected, came
    )


def _evaluate(variables: Variables, case: Case) -> tuple[object, str]:
    found = variables.evaluate(case["template"], is_lenient=case.get("halt_on_error") is False)
    return found.text, found.error


def _get(variables: Variables, case: Case) -> tuple[object, str]:
    found = variables.get(case["variable"])
    return (found.text, found.error) if found else (None, "")


KINDS: dict[str, Callable[[Variables, Case], tuple[object, str]]] = {
    "evaluate": _evaluate,
    "get": _get,
    "require": _get,
    "get_raw": lambda variables, case: (variables.raw(case["variable"]), ""),
    "get_flag": lambda variables, case: (variables.flag(case["variable"], case.get("default", False)), ""),
    "get_int32": lambda variables, case: (variables.number(case["variable"]), ""),
    "get_indexes": lambda variables, case: (list(variables.indexes(case["variable"])), ""),
    "truthy": lambda variables, case: (variables.is_true(case["template"]), ""),
    "argument_names": lambda variables, case: (list(names_in(case["template"])), ""),
    "save_as_string": lambda variables, case: (variables.as_json(), ""),
}


def _after(came: str, operations: Iterator[list[str]]) -> str:
    for operation in operations:
        match operation:
            case ["replace", old, new]:
                came = came.replace(old, new)
            case ["trim"]:
                came = came.strip()
            case ["yaml_load_then_key", key]:
                came = YAML(typ="safe").load(came)[key]
            case _:
                raise ValueError(f"no operation is called {operation[0]}")
    return came


def _holds(key: str, expected: Any, came: Any, error: str) -> bool:
    match key:
        case "expected":
            return bool(came == expected)
        case "expected_one_of":
            return came in expected
        case "expected_contains":
            return set(expected) <= set(came)
        case "expected_not_contains":
            return not set(expected) & set(came)
        case "expected_count":
            return len(came) == expected
        case "expected_error":
            return bool(error) if expected == "*any*" else error == (expected or "")
        case _:
            raise ValueError(f"nothing is called {key}")


def _fits(file: Mapping[str, Any]) -> bool:
    """A list without cases may be one of ours as well: nothing in it fails."""
    return file.get("cases") == [] or lists(file, lambda case: "variables" in case)


SHAPE = Shape("substitution", _fits, judge)
