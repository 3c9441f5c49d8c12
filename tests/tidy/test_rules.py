"""Each rule of tidiness finds its bad sample, and leaves the good one alone: a rule that cannot fail is none."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.tidy import rules

LONG_FUNCTION = "def f():\n" + "    x = 1\n" * 70
SAMPLES: list[tuple[Callable[[str], Iterator[str]], str, str]] = [
    (rules.too_long, "x = 1\n" * 501, "x = 1\n" * 500),
    (rules.too_long, LONG_FUNCTION, LONG_FUNCTION.replace("    x = 1\n", "", 1)),
    (rules.banned_words, "class ReleaseManager: pass\n", "class Release: pass\n"),
    (rules.banned_words, "def build_info(): pass\n", "def inform(): pass\n"),
    (rules.banned_words, "async def f(error_handler): pass\n", "log.exception('x', exc_info=True)\n"),
    (rules.banned_words, "HTTPCore = 1\n", "import httpcore\nscore = 1\n"),
    (rules.banned_words, "class A:\n    def f(self): self.helper = 1\n", "platform.misc()\n"),
    (rules.missing_purpose, "import os\n", '"""What this is for."""\n'),
    (rules.missing_purpose, '""""""\n', '#!/usr/bin/env python3\n"""What this is for."""\n'),
    (rules.stubs, "x = 1  # TO" + "DO later\n", "x = 1  # later\n"),
    (rules.stubs, "raise NotImplemented" + "Error\n", "return NotImplemented\n"),
]


@pytest.mark.parametrize(("rule", "bad", "good"), SAMPLES)
def test_a_rule_finds_the_bad_sample_only(rule: Callable[[str], Iterator[str]], bad: str, good: str) -> None:
    assert list(rule(bad))
    assert not list(rule(good))


@pytest.mark.parametrize(
    ("path", "bad", "good"),
    [
        ("domain/release.py", "import pydantic", "import dataclasses"),
        ("ports/clock.py", "from msgspec import json", "from typing import Protocol"),
        ("formats/compose.py", "import yaml", "from ruamel.yaml import YAML"),
        ("engine/interpreter.py", "import dbos", "import asyncio"),
        ("adapters/engines/docker.py", "import dbos", "import aiohttp"),
        ("usecases/releases.py", "import sqlalchemy", "from fairlead.domain import release"),
        ("steps/switch.py", "import structlog", "from . import wait"),
        ("engine/lease.py", "import dbos", "import json"),
    ],
)
def test_third_parties_stay_in_their_rooms(path: str, bad: str, good: str) -> None:
    assert list(rules.third_parties(path, bad))
    assert not list(rules.third_parties(path, good))


def test_only_durable_may_import_dbos() -> None:
    assert not list(rules.third_parties("engine/durable.py", "import dbos"))


def test_a_path_with_an_empty_word_is_found() -> None:
    assert list(rules.banned_words_in_path(Path("domain/release_utils.py")))
    assert not list(rules.banned_words_in_path(Path("domain/release.py")))


def test_broken_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# A heading, with `code`\n")
    here = tmp_path / "here.md"
    good = "[a](other.md) [b](other.md#a-heading-with-code) [c](https://example.com) `[d](none.md)` [e](#top)\n# Top\n"
    assert not list(rules.broken_links(here, good))
    assert len(list(rules.broken_links(here, "[a](none.md) [b](other.md#nothing) [c](#nowhere)"))) == 3


def test_misnumbered_decisions_are_found() -> None:
    assert not list(rules.misnumbered(["0001-a-choice.md", "0002-another.md", "README.md"]))
    assert list(rules.misnumbered(["0001-a-choice.md", "0003-another.md"]))
    assert list(rules.misnumbered(["0001-a-choice.md", "0001-another.md"]))
    assert list(rules.misnumbered(["a-choice.md"]))


def test_traces_of_a_machine_are_found() -> None:
    traces = {"a path": re.compile(r"(?<![\w./-])/attic/[\w.-]+")}
    assert list(rules.machine_traces("see /attic/notes", traces))
    assert not list(rules.machine_traces("see /api/attic/notes and https://example.com/attic/x", traces))
