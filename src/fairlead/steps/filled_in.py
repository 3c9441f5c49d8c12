"""What holds when an action begins: its variables with the outputs of earlier ones, in clear, and texts filled in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fairlead.domain.effect import SaidNo
from fairlead.domain.errors import Invalid
from fairlead.domain.output_variables import PREFIXES, of_effects, of_status, seen_from
from fairlead.domain.template.variables import Variables
from fairlead.domain.text import Text, redact, reveal, secrets_in
from fairlead.formats.configuration import FAILS
from fairlead.formats.markdown import MARKDOWN_FILTERS
from fairlead.ports.step import Tools

FAILS_HINT = f"set them; or take away the variable {FAILS[0]}, and they stay as they were written"
MOST_TOLD, LONGEST_TOLD = 20, 120
"""Of what has no value: tokens, and the characters of each."""


async def known_at(variables: Mapping[str, Text], target: str, tools: Tools, *, with_secrets: bool = True) -> Variables:
    """Every variable that holds on the target ("": on none), under both prefixes, with how the deployment stands.
    Without `with_secrets` those that hold a secret are not among them: for what stands in the open: command lines, an
    image's layers."""
    texts = _texts(variables, target, tools)
    if not with_secrets:
        texts = {name: text for name, text in texts.items() if isinstance(text, str)}
    ids = {reference.id for reference in secrets_in(*texts.values())}
    secrets = await tools.secrets.values(tools.task, ids) if ids else {}
    return _by_name({name: reveal(text, secrets) for name, text in texts.items()}, tools)


def shown_at(variables: Mapping[str, Text], target: str, tools: Tools) -> Variables:
    """The same for people to see: a mark stands for each secret."""
    return _by_name({name: redact(text) for name, text in _texts(variables, target, tools).items()}, tools)


def _texts(variables: Mapping[str, Text], target: str, tools: Tools) -> dict[str, Text]:
    return {**variables, **seen_from(target, of_effects(tools.outputs)), **of_status(tools.outputs)}


def _by_name(clear: Mapping[str, str], tools: Tools) -> Variables:
    return Variables(with_both_names(clear), now=tools.clock.now, more_filters=MARKDOWN_FILTERS)


def is_asked_for(known: Variables, names: tuple[str, ...]) -> bool:
    """Whether a variable is true under one of the names."""
    return any(known.flag(name) for name in names)


def with_both_names(values: Mapping[str, str]) -> dict[str, str]:
    """What is called ``Octopus.…`` is called ``Fairlead.…`` too, and the other way round; what is there stays."""
    found = {name.lower() for name in values}
    made = dict(values)
    for name, value in values.items():
        first, dot, rest = name.partition(".")
        for prefix, other in (PREFIXES, tuple(reversed(PREFIXES))):
            twin = f"{other}.{rest}"
            if dot and first.lower() == prefix.lower() and twin.lower() not in found:
                made[twin] = value
    return made


def filled_whole(known: Variables, template: str, *, lacking: list[str] | None = None) -> str:
    """As `filled`; what has no value is added to `lacking`. Invalid `variable.unknown`, which names it, where a
    variable says that it fails."""
    found = known.evaluate(template, is_lenient=True)
    if found.missing and is_asked_for(known, FAILS):
        raise Invalid("variable.unknown", missing_words(found.missing), hint=FAILS_HINT)
    if lacking is not None:
        lacking += found.missing
    return found.text or ""


def unresolved(known: Variables, *templates: str) -> SaidNo | None:
    """Why an action whose texts these are does not begin: what has no value in any of them, where a variable says that
    it fails; else None."""
    if not is_asked_for(known, FAILS):
        return None
    missing = dict.fromkeys(token for template in templates for token in _missing(known, template))
    return SaidNo("variable.unknown", missing_words(missing), hint=FAILS_HINT) if missing else None


def missing_words(tokens: Iterable[str]) -> str:
    """As people are told; never too long for a reason."""
    told = list(dict.fromkeys(tokens))
    more = f" and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    return f"without a value: {', '.join(token[:LONGEST_TOLD] for token in told[:MOST_TOLD])}{more}"


def _missing(known: Variables, template: str) -> tuple[str, ...]:
    return known.evaluate(template, is_lenient=True).missing


def filled(known: Variables, template: str) -> str:
    """The text with its tokens replaced; what has no value stays as it was written, as Octopus leaves it."""
    found = known.evaluate(template, is_lenient=True).text
    return "" if found is None else found
