"""Settings: where each comes from, which are wrong and where they were set, and what is never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.domain.errors import Invalid
from fairlead.server import settings as reading
from fairlead.server.settings import Settings, unknown


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    file = tmp_path / "fairlead.toml"
    file.write_text('port = 9000\nhost = "10.0.0.1"\ntrusted_proxies = ["10.0.0.2"]\n')
    found = reading.read({"FAIRLEAD_PORT": "9001"}, file)
    assert (found.port, found.host, found.concurrency, found.trusted_proxies) == (9001, "10.0.0.1", 8, ("10.0.0.2",))
    listed = reading.read({"FAIRLEAD_CONFIG": str(file), "FAIRLEAD_TRUSTED_PROXIES": "::1, 10.1.0.0/16"})
    assert listed.trusted_proxies == ("::1", "10.1.0.0/16")


def test_a_file_may_hold_the_value_of_any_setting(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2\n")
    found = reading.read({"FAIRLEAD_ADMIN_PASSWORD_FILE": str(tmp_path / "password")})
    assert found.admin_password is not None and found.admin_password.get_secret_value() == "hunter2"


@pytest.mark.parametrize(
    ("environment", "toml", "words"),
    [
        ({"FAIRLEAD_PORT": "70000"}, "", ["port", "FAIRLEAD_PORT"]),
        ({"FAIRLEAD_PORT": "x", "FAIRLEAD_SMTP_TLS": "maybe"}, "", ["FAIRLEAD_PORT", "FAIRLEAD_SMTP_TLS"]),
        ({}, "porrt = 1\nhost = 3\n", ["porrt", "host", "fairlead.toml"]),
        ({}, "port = \n", ["fairlead.toml", "TOML"]),
        ({"FAIRLEAD_SUBNET_POOL": "10.0.0.0/30"}, "", ["/24", "FAIRLEAD_SUBNET_POOL"]),
        ({"FAIRLEAD_SUBNET_POOL": "10.0.0.1/16"}, "", ["FAIRLEAD_SUBNET_POOL"]),
        ({"FAIRLEAD_PUBLIC_URL": "ftp://x"}, "", ["http", "FAIRLEAD_PUBLIC_URL"]),
        ({"FAIRLEAD_MASTER_KEY_FILE": "/nowhere"}, "", ["FAIRLEAD_MASTER_KEY_FILE", "/nowhere"]),
        ({"FAIRLEAD_PROXY_BIND": "not an address"}, "", ["FAIRLEAD_PROXY_BIND"]),
        ({"FAIRLEAD_TRUSTED_PROXIES": "10.0.0.2, proxy.example.com"}, "", ["FAIRLEAD_TRUSTED_PROXIES"]),
    ],
)
def test_each_wrong_setting_is_named_with_where_it_was_set(
    tmp_path: Path, environment: dict[str, str], toml: str, words: list[str]
) -> None:
    file = tmp_path / "fairlead.toml"
    file.write_text(toml)
    with pytest.raises(Invalid) as raised:
        reading.read(environment, file)
    assert raised.value.code == "server.settings"
    assert all(word in raised.value.message for word in words), raised.value.message


def test_a_file_that_is_named_and_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as raised:
        reading.read({}, tmp_path / "none.toml")
    assert "none.toml" in raised.value.message


def test_secrets_are_shown_nowhere() -> None:
    found = Settings(
        database_url="postgresql://fairlead:hunter2@db/fairlead",
        admin_password="hunter2",  # type: ignore[arg-type]
        master_key="hunter2",  # type: ignore[arg-type]
        smtp_password="hunter2",  # type: ignore[arg-type]
    )
    assert "hunter2" not in str(found.shown()) + repr(found.admin_password)
    assert found.shown()["database_url"] == "postgresql://fairlead:•••@db/fairlead"


def test_a_misspelled_name_in_the_environment_is_told_with_what_is_meant():
    said = unknown(
        {
            "FAIRLEAD_PROT": "1",
            "FAIRLEAD_PORT": "1",
            "FAIRLEAD_MASTER_KEY_FILE": "x",
            "FAIRLEAD_URL": "u",
            "FAIRLEAD_SECRET_X": "s",
        }
    )
    assert said == ("FAIRLEAD_PROT is no setting and sets nothing; is FAIRLEAD_PORT meant?",)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for environment, file in (
        ({}, tmp_path / "binary"),
        ({"FAIRLEAD_MASTER_KEY_FILE": str(tmp_path / "binary")}, None),
    ):
        with pytest.raises(Invalid, match="not UTF-8 text"):
            reading.read(environment, file)
