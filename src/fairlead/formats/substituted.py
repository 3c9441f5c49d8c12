"""A file with the values of variables put in for its tokens; its encoding stays."""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.domain.template.variables import Variables
from fairlead.formats.encoded_text import decoded


@dataclass(frozen=True, slots=True)
class Substituted:
    """The new content, and the tokens that had no value: they stay as they are."""

    content: bytes
    missing: tuple[str, ...] = ()


def substitute_in_file(content: bytes, variables: Variables, *, encoding: str = "") -> Substituted:
    """Read leniently: what only looks like a token is text. Written in the encoding of that name, if one is known, else
    in its own. Invalid `variable.circular`, `TooLarge` as always."""
    file = decoded(content)
    made = variables.evaluate(file.text, is_lenient=True)
    written = file.with_text(made.text or "").in_encoding(encoding)
    return Substituted(written.content(), tuple(dict.fromkeys(made.missing)))
