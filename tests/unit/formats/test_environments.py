"""One project in several environments: overrides, hosts, variables."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.unit.formats.projects import SECRET, VALUES, compiled, place, problem, problems, repository

from fairlead.domain.service import Role, Route, Service
from fairlead.formats.project import compile_project

PROJECT = """
project: books
services:
  web:
    image: x
    port: 80
    route: {host: books.example.com, path: /shop}
    replicas: 3
    environment: {A: 1, B: 1}
    command: [run, now]
"""


def in_environment(
    name: str, override: str = "", project: str = PROJECT, environments: Sequence[str] = ("Test", "Production")
) -> Service:
    text = project + (f"environments:\n  {override}\n" if override else "")
    return compiled(repository(text), name, environments=environments).service("web")


def test_a_stated_host_holds_in_the_last_environment_and_is_prefixed_in_the_others() -> None:
    assert in_environment("Production").routes == (Route("books.example.com", "/shop"),)
    assert in_environment("Test").routes == (Route("test.books.example.com", "/shop"),)
    three = ("Test", "User Trials", "Production")
    assert in_environment("User Trials", environments=three).routes[0].host == "user-trials.books.example.com"


def test_a_host_stated_for_an_environment_holds_as_it_is() -> None:
    override = "Test: {services: {web: {route: {host: try.example.com}}}}"
    assert in_environment("Test", override).routes == (Route("try.example.com", "/shop"),)
    assert in_environment("Production", override).routes == (Route("books.example.com", "/shop"),)
    assert (
        in_environment("Test", "Test: {services: {web: {route: {path: /x}}}}").routes[0].host
        == "test.books.example.com"
    )


def test_a_list_of_routes_stated_for_an_environment_holds_as_it_is() -> None:
    project = "project: books\nservices: {web: {image: x, port: 80, routes: [{host: a.example.com}]}}\n"
    assert in_environment("Test", project=project).routes[0].host == "test.a.example.com"
    override = "Test: {services: {web: {routes: [{host: b.example.com}]}}}"
    assert in_environment("Test", override, project).routes[0].host == "b.example.com"


def test_a_host_with_a_variable_says_itself_what_it_is_in_each_environment() -> None:
    project = "project: books\nservices: {web: {image: x, port: 80, route: {host: '#{Host}'}}}\n"
    assert in_environment("Test", project=project).routes[0].host == "db.example.com"


def test_the_default_host_names_service_project_environment_and_domain() -> None:
    files = repository("project: books\nservices: {my_web: {image: x, port: 80}}\n")
    definition = compile_project(
        files, environment="User Trials", environments=("User Trials",), lookup={}.get, domain="apps.example.com"
    )
    assert definition.services[0].routes[0].host == "my-web.books.user-trials.apps.example.com"


def test_an_override_replaces_key_by_key_and_only_there() -> None:
    override = "Test: {services: {web: {replicas: 1, environment: {B: 2, C: 3}, command: [other]}}}"
    test, production = in_environment("Test", override), in_environment("Production", override)
    assert (test.replicas, test.environment, test.command) == (1, {"A": "1", "B": "2", "C": "3"}, ("other",))
    assert (production.replicas, production.command) == (3, ("run", "now"))


def test_an_override_may_use_the_list_form_of_an_environment() -> None:
    assert in_environment("Test", "Test: {services: {web: {environment: [B=2]}}}").environment == {"A": "1", "B": "2"}


def test_an_override_may_change_migration_tests_and_profiles() -> None:
    project = PROJECT + "migrate: {service: web, command: [a]}\ntests: {image: t, command: [a]}\n"
    override = "environments: {Test: {migrate: {command: [b]}, tests: {command: [b], kinds: [post-integration]}}}\n"
    definition = compiled(repository(project + override), "Test")
    assert definition.migration is not None and definition.migration.command == ("b",)
    assert definition.tests is not None and definition.tests.kinds == ("post-integration",)
    assert compiled(repository(project + override)).migration != definition.migration


def test_a_build_may_not_differ_by_environment() -> None:
    found = problem(repository(PROJECT + "environments:\n  Test:\n    services:\n      web: {build: other}\n"))
    assert place(found) == ("fairlead.yml", 14, 13)
    assert "one build" in found.expected
    tests = problem(repository(PROJECT + "environments: {Test: {tests: {build: other}}}\n"))
    assert tests.key == "environments.Test.tests.build"


def test_an_environment_that_the_lifecycle_does_not_have_is_a_problem_with_a_suggestion() -> None:
    found = problem(repository(PROJECT + "environments: {Prodution: {services: {web: {replicas: 1}}}}\n"))
    assert "did you mean 'Production'?" in found.expected
    assert (
        compile_project(repository(PROJECT + "environments: {Any: {}}\n"), environment="Test", lookup={}.get).project
        == "books"
    )


def test_an_override_is_checked_even_where_another_environment_is_asked_for() -> None:
    found = problem(repository(PROJECT + "environments: {Test: {services: {web: {replicsa: 1}}}}\n"), "Production")
    assert "'replicas'" in found.expected
    assert found.key == "environments.Test.services.web.replicsa"


@pytest.mark.parametrize("name", ["'a;b'", "'..'", "'a\\nb'", "'--x'"])
def test_a_name_that_no_environment_can_have_is_a_problem(name: str) -> None:
    assert problems(repository(PROJECT + f"environments: {{{name}: {{}}}}\n"))


def test_an_override_may_turn_a_service_into_an_accessory() -> None:
    override = "Test: {services: {web: {accessory: true, route: false, replicas: 1}}}"
    assert in_environment("Test", override).role is Role.ACCESSORY
    assert in_environment("Production", override).role is Role.ROUTED


def test_without_an_environment_nothing_is_overridden() -> None:
    files = repository(PROJECT + "environments: {Test: {services: {web: {replicas: 1}}}}\n")
    definition = compile_project(files, environment="", environments=("Test",), lookup=VALUES.get)
    assert definition.service("web").replicas == 3


def test_each_environment_has_its_own_values() -> None:
    project = "project: b\nservices: {web: {image: 'x:#{Tag}', environment: {P: '#{Password}'}}}\n"
    one = compiled(repository(project), values={"Tag": "1", "Password": SECRET}).service("web")
    two = compiled(repository(project), values={"Tag": "2", "Password": "open"}).service("web")
    assert (one.image, one.environment) == ("x:1", {"P": SECRET})
    assert (two.image, two.environment) == ("x:2", {"P": "open"})


def test_a_service_of_one_environment_that_is_called_nearly_as_another_is_a_slip_of_the_pen() -> None:
    wrong = PROJECT + "environments:\n  Test: {services: {wbe: {replicas: 1}}}\n"
    found = str(problem(repository(wrong)))
    assert "environments.Test.services.wbe: found the unknown service 'wbe'; did you mean 'web'?" in found
    for own in ("web2: {image: y}", "mock-of-others: {port: 81}"):
        assert compiled(repository(PROJECT + f"environments:\n  Test: {{services: {{{own}}}}}\n"), "Test").services
