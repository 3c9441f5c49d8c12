"""Names of package files, and bytes that are what their name says."""

import pytest

from fairlead.domain.errors import Invalid
from fairlead.domain.package import check_content, named


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("Web.1.2.3.zip", ("Web", "1.2.3", ".zip")),
        ("Acme.Web.Shop.2.0.0-rc.1+b7.nupkg", ("Acme.Web.Shop", "2.0.0-rc.1+b7", ".nupkg")),
        ("web-1.0.tar.gz", ("web", "1.0", ".tar.gz")),
        ("Web2.1.0.tgz", ("Web2", "1.0", ".tgz")),
        ("shop_4.v3.ZIP", ("shop_4", "v3", ".zip")),
    ],
)
def test_id_and_version_are_read_from_the_name(file: str, expected: tuple[str, str, str]) -> None:
    assert named(file) == expected


def test_what_is_said_comes_before_the_name() -> None:
    assert named("build.zip", name="web", version="7") == ("web", "7", ".zip")
    assert named("Web.1.0.zip", version="2.0") == ("Web", "2.0", ".zip")


@pytest.mark.parametrize(
    "file",
    ["web.1.0.exe", "web.zip", ".1.0.zip", "../web.1.0.zip", "we b.1.0.zip", "web..x.1.0.zip", "web\n.1.0.zip", ""],
)
def test_a_name_that_names_no_package_is_refused(file: str) -> None:
    with pytest.raises(Invalid) as raised:
        named(file)
    assert raised.value.code == "package.name"


@pytest.mark.parametrize(
    ("ending", "right"),
    [
        (".zip", b"PK\x03\x04rest"),
        (".nupkg", b"PK\x05\x06"),
        (".tgz", b"\x1f\x8b0"),
        (".tar", b"\0" * 257 + b"ustar\0"),
    ],
)
def test_bytes_begin_as_their_ending_says(ending: str, right: bytes) -> None:
    check_content(ending, right)
    for wrong in (b"", b"MZ\x90", right[1:]):
        with pytest.raises(Invalid) as raised:
            check_content(ending, wrong)
        assert raised.value.code == "package.content"
