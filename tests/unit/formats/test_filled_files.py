"""Mounted files of the repository are filled in for the environment, secrets at the last moment."""

import pytest
from tests.unit.formats.projects import SECRET, compiled, one_service, repository, wrong

from fairlead.domain.errors import Invalid
from fairlead.domain.service import File, Filling
from fairlead.domain.text import Text
from fairlead.formats.filled_files import filled

KEYS = """\
image: x
port: 80
volumes: ['./conf:/etc/app:ro']
configure: {substitute: ['conf/*.env'], structured: ['conf/*.json', '**/web.*']}
"""
FILES = {
    "conf__app_dot_env": "HOST=#{Host}\nLOG=#{Log.Level | ToUpper}\n#{Other}",
    "conf__appsettings_dot_json": '{"Db": {"Host": "x", "Password": "y", "Port": 1}}',
    "conf__plain_dot_txt": "#{Host}",
    "conf__web_dot_xml": "<c><a v='1'/></c>",
}
VALUES: dict[str, Text] = {
    "Host": "db.#{Zone}",
    "Zone": "test",
    "Log.Level": "debug",
    "Db:Host": "#{Host}",
    "db:password": SECRET,
    "Db:Nobody": "never",
    "//a/@v": "2",
    "Unused": "never",
}


def files() -> dict[str, File]:
    service = compiled(repository(one_service(KEYS), **FILES), values=VALUES).service("web")
    return {file.source: file for file in service.files}


def test_a_file_knows_the_variables_that_it_asks_for_and_no_others() -> None:
    found = files()
    assert found["conf/app.env"].filling == Filling(True, False, {"Host": "db.test", "Log.Level": "debug"})
    assert found["conf/appsettings.json"].filling == Filling(False, True, {"Db:Host": "db.test", "db:password": SECRET})
    assert found["conf/web.xml"].filling == Filling(False, True, {"//a/@v": "2"})
    assert found["conf/plain.txt"].filling is None


def test_it_is_filled_in_with_values_in_clear() -> None:
    found = files()
    env, warnings = filled(
        found["conf/app.env"], FILES["conf__app_dot_env"].encode(), {"Host": "h", "Log.Level": "info"}
    )
    assert env == b"HOST=h\nLOG=INFO\n#{Other}"
    assert warnings == ("/etc/app/app.env: without a value: #{Other}",)
    settings, _ = filled(
        found["conf/appsettings.json"],
        FILES["conf__appsettings_dot_json"].encode(),
        {"Db:Host": "h", "db:password": 'p"w'},
    )
    assert settings == b'{"Db": {"Host": "h", "Password": "p\\"w", "Port": 1}}'


def test_what_is_not_asked_for_stays_as_it_is() -> None:
    assert filled(files()["conf/plain.txt"], b"#{Host}", {"Host": "h"}) == (b"#{Host}", ())


def test_a_file_that_is_not_of_its_format_is_a_problem_of_the_project() -> None:
    found = wrong("volumes: ['./a.json:/a.json:ro']\nconfigure: {structured: [a.json]}", a_dot_json="{")
    assert found.key == "services.web.configure.structured" and "a.json" in found.found
    broken = File("/a", blob="sha256:1", source="a.json", filling=Filling(False, True, {"a": "1"}))
    with pytest.raises(Invalid):
        filled(broken, b"{", {})


def test_a_pattern_that_no_mounted_file_matches_is_a_warning() -> None:
    definition = compiled(repository(one_service("image: x\nport: 80\nconfigure: {substitute: ['*.env']}")))
    assert any("no file that is mounted" in warning for warning in definition.warnings)


def test_a_value_that_needs_one_that_is_missing_is_a_problem() -> None:
    with pytest.raises(Invalid, match="Missing"):
        compiled(repository(one_service(KEYS), **FILES), values={"Host": "#{Missing}"})
