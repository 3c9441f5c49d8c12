"""Cases of output variables: the names under which each is found, and where."""

from __future__ import annotations

from collections.abc import Iterator

from tests.conformance.judging import Case, Verdict

from fairlead.domain.output_variables import OutputVariable, captured

OPEN = "non-deterministic"
"""What the documentation says of a value that it leaves open: any that was set is right."""


def judge(case: Case) -> Iterator[Verdict]:
    """A verdict for each name that is expected, and one for their number."""
    set_values = {value for values in case["sets"].values() for value in values.values()}
    outputs = [
        OutputVariable(case["step"], target, name, value)
        for target, values in case["sets"].items()
        for name, value in values.items()
    ]
    found = {(one.name, one.target): one.value for one in captured(outputs)}
    came = {key: value for key, value in found.items() if key[0].startswith("Octopus.")}
    for name, value, scope in case["expected"]:
        target = None if scope is None else scope.partition(":")[2]
        was = came.get((name, target))
        is_right = was in set_values if OPEN in value else was == value
        yield Verdict(f"{name} {scope or ''}".strip(), is_right, value, was)
    yield Verdict("no other names", len(came) == len(case["expected"]), len(case["expected"]), sorted(map(str, came)))
