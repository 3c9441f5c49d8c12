"""ruamel's reading of YAML, event by event, without what it asks again and again of what cannot have changed.

Its parser looks at the next token some ten times before it takes it, and at each look the scanner goes through all that
may still become a key, though nothing was read in between. Asked once for each token that answer is the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.parser import Parser
from ruamel.yaml.scanner import Scanner


def parsed(text: str) -> Iterator[Any]:
    """ruamel's events of the text; its errors come on the way."""
    yaml: Any = YAML(typ="safe", pure=True)
    yaml.Scanner, yaml.Parser = _Scanner, _Parser
    yield from yaml.parse(text)


class _Scanner(Scanner):
    """`_is_settled`: the next token is known for what it is, and stays so until it is taken."""

    _is_settled = False

    def check_token(self, *choices: Any) -> bool:
        if not self._is_settled:
            self._settle()
        return bool(self.tokens) and (not choices or isinstance(self.tokens[0], choices))

    def peek_token(self) -> Any:
        if not self._is_settled:
            self._settle()
        return self.tokens[0] if self.tokens else None

    def get_token(self) -> Any:
        if not self._is_settled:
            self._settle()
        self._is_settled = False
        if not self.tokens:
            return None
        self.tokens_taken += 1
        return self.tokens.pop(0)

    def _settle(self) -> None:
        while self.need_more_tokens():
            self.fetch_more_tokens()
        self._is_settled = True


class _Parser(Parser):
    @cached_property
    def scanner(self) -> Any:
        return self.loader.scanner
