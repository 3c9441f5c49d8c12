"""Patterns as find(1) reads them mean what they mean elsewhere."""

import subprocess
from pathlib import Path

import pytest

from fairlead.domain.errors import Invalid
from fairlead.formats.find_patterns import MOST, without
from fairlead.formats.globs import matching

FILES = [
    "a.json", "a+json", "conf/a.json", "conf/deep/a.json", "logs/x", "logs/deep/y", "x1", "x2", "x^", "a(b)", "a|b",
    "{x}", "é.txt", "$HOME", "back\\slash", "a b", ".hidden", "[hi]", "conf.d/z",
]  # fmt: skip


@pytest.fixture
def there(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    return tmp_path


def left(there: Path, *patterns: str) -> set[str]:
    """What is not left out."""
    words = ("find", ".", "-type", "f", *without(patterns), "-print0")
    said = subprocess.run(words, cwd=there, check=True, capture_output=True).stdout.decode()
    return {name.removeprefix("./") for name in said.split("\0") if name}


@pytest.mark.parametrize(
    "pattern",
    ["*.json", "**/*.json", "conf/**", "a?json", "x[12]", "x[!1]", "{a.json,x*}", "a(b)", "a|b", "a+json", "x^",
     "é.*", "$HOME", "a b", ".*", "./a.json", "conf/*/a.json", "**/a.json", "**", "conf?d/z", "{x}"],
)  # fmt: skip
def test_a_pattern_leaves_out_what_it_means(there: Path, pattern: str) -> None:
    assert set(FILES) - left(there, pattern) == set(matching(pattern, FILES))


def test_what_is_below_a_folder_is_left_out_with_it(there: Path) -> None:
    assert set(FILES) - left(there, "logs/", "conf\\deep") == {"logs/x", "logs/deep/y", "conf/deep/a.json"}


def test_without_patterns_there_are_no_words() -> None:
    assert without(()) == without(("", " ")) == ()


def test_there_is_an_end_to_alternatives() -> None:
    with pytest.raises(Invalid):
        without([f"f{number}" for number in range(MOST)])
