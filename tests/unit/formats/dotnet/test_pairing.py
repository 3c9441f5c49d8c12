"""Which file is transformed by which."""

import pytest

from fairlead.formats.dotnet.pairing import pairs

PATHS = (
    "Web.config",
    "web.release.config",
    "Web.Test.config",
    "sub/App.config",
    "sub/App.Release.config",
    "sub/App.Foo.config",
    "Foo.config",
    "crossdomain.xml",
    "crossdomain.Test.xml",
    "transforms/Bar.config",
)


def found(*lines: str, words: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    return [(pair.source, pair.transformation) for pair in pairs(PATHS, lines, words)]


def test_automatic_ones_are_named_after_their_file() -> None:
    assert found(words=("Release", "TEST")) == [
        ("Web.config", "web.release.config"),
        ("Web.config", "Web.Test.config"),
        ("sub/App.config", "sub/App.Release.config"),
    ]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("Foo", [("sub/App.config", "sub/App.Foo.config")]),
        ("crossdomain.Test.xml => crossdomain.xml", [("crossdomain.xml", "crossdomain.Test.xml")]),
        ("*.Foo.config => *.config", [("sub/App.config", "sub/App.Foo.config")]),
        ("Foo.config => Web.config", [("Web.config", "Foo.config")]),
        ("transforms\\Bar => web.config", [("Web.config", "transforms/Bar.config")]),
        ("../transforms/Bar.config=>App.config", [("sub/App.config", "transforms/Bar.config")]),
        ("Foo.config => sub/App.config", [("sub/App.config", "Foo.config")]),
        ("Foo.config => other/App.config", []),
        ("sub/App.Foo.config => sub/App.config", [("sub/App.config", "sub/App.Foo.config")]),
        (
            "*.config => crossdomain.xml",
            [
                ("crossdomain.xml", path)
                for path in ("Web.config", "web.release.config", "Web.Test.config", "Foo.config")
            ],
        ),
        ("web.*.config => Foo.config", [("Foo.config", "web.release.config"), ("Foo.config", "Web.Test.config")]),
        ("F[o]o.* => Web.config", []),
        ("Web.Test.config => F*.config", []),
        ("nobody.xml => crossdomain.xml", []),
        ("../../etc/passwd => web.config", []),
        ("", []),
    ],
)
def test_listed_ones_are_where_their_line_says(line: str, wanted: list[tuple[str, str]]) -> None:
    assert found(line) == wanted


def test_what_is_listed_comes_first_and_nothing_twice() -> None:
    assert found("Test", "Release", words=("Release",))[:2] == [
        ("Web.config", "Web.Test.config"),
        ("Web.config", "web.release.config"),
    ]
