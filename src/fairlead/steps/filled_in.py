"""What holds when an action begins: its variables with the outputs of earlier ones, in clear, and texts filled in."""

from __future__ import annotations

from collections.abc import Mapping

from fairlead.domain.output_variables import PREFIXES, of_effects, of_status, seen_from
from fairlead.domain.template.variables import Variables
from fairlead.domain.text import Text, reveal, secrets_in
from fairlead.formats.markdown import MARKDOWN_FILTERS
from fairlead.ports.step import Tools


async def known_at(variables: Mapping[str, Text], target: str, tools: Tools, *, with_secrets: bool = True) -> Variables:
    """Every variable that holds on the target ("": on none), under both prefixes, with how the deployment stands.
    Without `with_secrets` those that hold a secret are not among them: for what stands in the open: command lines, an
    image's layers."""
    status = of_status(tools.outputs)
    texts: dict[str, Text] = {**variables, **seen_from(target, of_effects(tools.outputs)), **status}
    if not with_secrets:
        texts = {name: text for name, text in texts.items() if isinstance(text, str)}
    ids = {reference.id for reference in secrets_in(*texts.values())}
    secrets = await tools.secrets.values(tools.task, ids) if ids else {}
    clear = {name: reveal(text, secrets) for name, text in texts.items()}
    return Variables(with_both_names(clear), now=tools.clock.now, more_filters=MARKDOWN_FILTERS)


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


def filled(known: Variables, template: str) -> str:
    """The text with its tokens replaced; what has no value stays as it was written, as Octopus leaves it."""
    found = known.evaluate(template, is_lenient=True).text
    return "" if found is None else found
