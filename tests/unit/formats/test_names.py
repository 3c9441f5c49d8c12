"""Newlines, `;`, `..`, `--upload-pack=` and `ext::` in every name that a project file can give."""

from __future__ import annotations

import pytest
from tests.unit.formats.projects import one_service, problems, repository

from fairlead.formats.project import validate

BAD = ["a\\nb", "a;b", "../x", "--upload-pack=x", "ext::sh -c x"]
PLACES = {
    "an image": "image: {}",
    "a user": "image: x\nuser: {}",
    "a folder": "image: x\nworking_dir: {}",
    "a host": "image: x\nhostname: {}\nstrategy: recreate",
    "a stop signal": "image: x\nstop_signal: {}",
    "a variable's name": "image: x\nenvironment: {{{}: x}}",
    "a network": "image: x\nnetworks: [{}]",
    "a service that is needed": "image: x\ndepends_on: [{}]",
    "a secret": "image: x\nsecrets: [{}]",
    "a config": "image: x\nconfigs: [{}]",
    "a capability": "image: x\ncap_add: [{}]",
    "a capability that is dropped": "image: x\ncap_drop: [{}]",
    "a device": "image: x\ndevices: [{}]",
    "a security option": "image: x\nsecurity_opt: [{}]",
    "a kernel's setting": "image: x\nsysctls: {{{}: '1'}}",
    "a limit": "image: x\nulimits: {{{}: 1}}",
    "a logging driver": "image: x\nlogging: {{driver: {}}}",
    "a volume": "image: x\nvolumes: [{}]",
    "a tmpfs": "image: x\ntmpfs: [{}]",
    "an exposed port": "image: x\nexpose: [{}]",
    "a host entry": "image: x\nextra_hosts: {{{}: 127.0.0.1}}",
    "a route's path": "image: x\nport: 80\nroute: {{path: {}}}",
    "a route's host": "image: x\nport: 80\nroute: {{host: {}}}",
    "a path of a probe": "image: x\nport: 80\nhealth: {{http: {}}}",
    "a build's folder": "build: {{context: {}}}",
    "a Dockerfile": "build: {{dockerfile: {}}}",
    "a build's stage": "build: {{context: ., target: {}}}",
    "a build's argument": "build: {{context: ., args: {{{}: x}}}}",
    "a build's secret": "build: {{context: ., secrets: [{}]}}",
    "an env_file": "image: x\nenv_file: {}",
    "a service of the tests": "image: x\n!tests: {{image: x, services: [{}]}}",
    "the image of the tests": "image: x\n!tests: {{image: {}}}",
    "a variable of the tests": "image: x\n!tests: {{image: x, environment: {{{}: x}}}}",
    "the service of the migration": "image: x\n!migrate: {{service: {}, command: [x]}}",
    "an environment": "image: x\n!environments: {{{}: {{}}}}",
    "a volume of the project": "image: x\n!volumes: {{{}: {{}}}}",
    "a network of the project": "image: x\n!networks: {{{}: {{}}}}",
    "a secret of the project": "image: x\n!secrets: {{{}: {{content: x}}}}",
    "a config of the project": "image: x\n!configs: {{{}: {{content: x}}}}",
    "a secret's file": "image: x\n!secrets: {{s: {{file: {}}}}}",
    "a secret's variable": "image: x\nsecrets: [s]\n!secrets: {{s: {{environment: {}}}}}",
    "a Compose file": "image: x\n!compose: {}",
}
FINE = {("a variable's name", "../x"), ("a variable of the tests", "../x"), ("a security option", "../x")}
"""Where `..` leads nowhere."""


@pytest.mark.parametrize("place", sorted(PLACES))
def test_a_bad_name_is_a_problem_at_its_place_and_stays_on_one_line(place: str) -> None:
    for bad in BAD:
        keys, _, extra = PLACES[place].format(f'"{bad}"').partition("!")
        files = repository(one_service(keys, extra), Dockerfile="FROM x\n")
        _, told = validate(files, ("Test", "Production"))
        if (place, bad) not in FINE and place != "a secret's variable":
            assert told, (place, bad)
            assert told[0].file == "fairlead.yml" and told[0].line > 1
        if place == "a secret's variable":
            assert problems(files), (place, bad)
        assert all(str(one).isprintable() for one in told), [str(one) for one in told]


def test_what_a_name_may_be_is_said_in_words() -> None:
    _, (told,) = validate(repository("project: books\nservices: {Web: {image: x}}\n"))
    assert told.expected.startswith("lower-case letters, digits")
