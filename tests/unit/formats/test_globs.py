"""A pattern means the files that people expect."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.formats.globs import matching

PATHS = (
    "app.config",
    "appsettings.json",
    "appsettings.Test.json",
    "config/web.config",
    "config/deep/er/web.config",
    "log1.xml",
    "logs.xml",
    ".env",
    "a[1].txt",
)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("app.config", ["app.config"]),
        ("./config\\web.config", ["config/web.config"]),
        ("*.config", ["app.config"]),
        ("**/*.config", ["app.config", "config/web.config", "config/deep/er/web.config"]),
        ("config/**", ["config/web.config", "config/deep/er/web.config"]),
        ("config/**/web.config", ["config/web.config", "config/deep/er/web.config"]),
        ("appsettings.*json", ["appsettings.json", "appsettings.Test.json"]),
        ("appsettings{,.Test}.json", ["appsettings.json", "appsettings.Test.json"]),
        ("{config/web,app}.config", ["app.config", "config/web.config"]),
        ("log[0-9].xml", ["log1.xml"]),
        ("log[!0-9].xml", ["logs.xml"]),
        ("log?.xml", ["log1.xml", "logs.xml"]),
        ("*", [path for path in PATHS if "/" not in path]),
        ("a[[]1].txt", ["a[1].txt"]),
        ("a[1].txt", ["a[1].txt"]),
        ("{app}.config", []),
        ("config?web.config", []),
        ("config[/]web.config", []),
        ("../app.config", []),
        ("", []),
    ],
)
def test_a_pattern_means_these(pattern: str, found: list[str]) -> None:
    assert list(matching(pattern, PATHS)) == found


@given(st.text(alphabet="*?[]{},!-^\\/.ab", max_size=20))
def test_whatever_the_pattern_it_can_be_asked(pattern: str) -> None:
    assert set(matching(pattern, PATHS)) <= set(PATHS)


@given(st.text(alphabet="ab./ é-_+()$", min_size=1, max_size=20).filter(lambda path: not path.startswith("./")))
def test_a_name_without_marks_means_itself(path: str) -> None:
    assert matching(path, [path, "other"]) == (() if path != path.strip() else (path,))


def test_braces_without_a_comma_are_letters() -> None:
    assert matching("{app}/*.txt", ["{app}/a.txt", "app/a.txt"]) == ("{app}/a.txt",)


def test_braces_within_braces_stay_bounded() -> None:
    assert matching("{a,b}" * 30, ["a" * 30]) in ((), ("a" * 30,))
