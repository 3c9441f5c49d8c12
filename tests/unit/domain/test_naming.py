"""Names, addresses and the state before and after."""

import re
from dataclasses import replace

import pytest

from fairlead.domain.capture import (
    Capture,
    ContainerState,
    NetworkState,
    RegisteredState,
    RoutedState,
    SlotRecord,
    differences,
    restarted,
)
from fairlead.domain.colour import Colour
from fairlead.domain.errors import Conflict, Invalid, Refused
from fairlead.domain.naming import DeploymentNames, PlaceNames, route_name, route_prefix, tag, tenant_slug
from fairlead.domain.placement import claim, dynamic_range, fixed_addresses

PLACE = PlaceNames("books", "Production")
NAMES = DeploymentNames(PLACE, "dep-1", Colour.BLUE)


def test_project_and_environment_stand_in_every_name():
    assert PLACE.volume("data") == "books-production_data"
    assert NAMES.instance("web", 2) == f"books-production_web.blue.{tag('dep-1')}.2"
    assert PLACE.network == "books-production"


def test_no_two_things_of_a_deployment_share_a_name():
    made = [
        PLACE.network,
        PLACE.accessory("web"),
        NAMES.accessory_again("web"),
        NAMES.slot_network,
        NAMES.instance("web", 1),
        NAMES.one_shot("web"),
        NAMES.migration("web"),
        NAMES.tests("pre-integration"),
    ]
    assert len(set(made)) == len(made)


def test_an_alias_is_one_dns_label():
    alias = NAMES.instance_alias("a_service-with-a-name-of-forty-characters", 30)
    assert "_" not in alias
    assert len(alias) <= 63


def test_a_route_keeps_its_name_and_paths_differ():
    name = route_name("books", "Production", "books.example.com", "/")
    assert name.startswith(route_prefix("books", "Production"))
    assert name != route_name("books", "Production", "books.example.com", "/admin")
    longest = route_name("b" * 40, "E" * 40, ".".join(["a" * 60] * 4), "/")
    assert len(longest) <= 200


def test_claimed_subnets_overlap_nobody():
    used = ["10.77.0.0/26", "10.77.0.128/25", "172.17.0.0/16", "fd00::/64"]
    assert claim("10.77.0.0/24", used, 1) == ("10.77.0.64/26",)
    with pytest.raises(Conflict, match=r"1 of 2 found") as caught:
        claim("10.77.0.0/24", used, 2)
    assert caught.value.code == "network.pool"
    assert "subnet_pool" in caught.value.hint


@pytest.mark.parametrize("pool", ["nonsense", "10.77.0.1/24", "10.77.0.0/27"])
def test_a_pool_that_is_none_is_said(pool):
    with pytest.raises(Invalid):
        claim(pool, [], 1)


def test_fixed_and_dynamic_addresses_never_meet():
    assert fixed_addresses("10.77.0.64/26", 2) == ("10.77.0.66", "10.77.0.67")
    assert fixed_addresses("10.77.0.64/26", 30)[-1] == "10.77.0.95"
    assert dynamic_range("10.77.0.64/26") == "10.77.0.96/27"
    with pytest.raises(Refused, match="lower the replicas"):
        fixed_addresses("10.77.0.64/26", 31)


BEFORE = Capture(
    containers={"web": ContainerState("1" * 64, "hash", is_running=True, started_at="t1")},
    networks={"net": NetworkState("n1", ("10.0.0.0/26",))},
    volumes=("data",),
    registrations={"web": RegisteredState("web", "blue", "10.0.0.2", 8080)},
    routes={"r": RoutedState("h", "/", tls=False, live="blue", servers=("blue 10.0.0.2:8080",))},
    slots={"blue": SlotRecord("live", "dep-1", "rel-1", "net")},
)


def test_nothing_differs_from_itself():
    assert differences(BEFORE, BEFORE) == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"containers": {}}, "container web is gone"),
        ({"containers": {**BEFORE.containers, "x": BEFORE.containers["web"]}}, "container x was not there before"),
        ({"containers": {"web": replace(BEFORE.containers["web"], id="2" * 64)}}, "is another one"),
        ({"containers": {"web": replace(BEFORE.containers["web"], configuration="x")}}, "another configuration"),
        ({"containers": {"web": replace(BEFORE.containers["web"], is_running=False)}}, "does not run any more"),
        ({"networks": {}}, "network net is gone"),
        ({"volumes": ()}, "volume data is gone"),
        ({"registrations": {}}, "registration web is gone"),
        ({"routes": {"r": replace(BEFORE.routes["r"], live="green")}}, "points at green instead of blue"),
        ({"routes": {"r": replace(BEFORE.routes["r"], servers=())}}, "has the servers none"),
        ({"slots": {"blue": replace(BEFORE.slots["blue"], state="idle")}}, "is recorded idle instead of live"),
    ],
)
def test_each_difference_is_a_sentence(change, words):
    (found,) = differences(BEFORE, replace(BEFORE, **change))
    assert words in found


def test_a_new_volume_is_the_projects_own_and_a_restart_is_told_not_compared():
    again = replace(BEFORE.containers["web"], started_at="t2")
    after = replace(BEFORE, volumes=("data", "more"), containers={"web": again})
    assert differences(BEFORE, after) == ()
    assert restarted(BEFORE, after) == ("web",)


def test_what_is_of_a_tenant_is_named_apart_from_everything_that_is_not() -> None:
    names = DeploymentNames(PlaceNames("books", "Production", "Acme"), "dep-1", Colour.BLUE)
    assert names.place.network == "books-production.acme"
    assert names.place.volume("data") == "books-production.acme_data"
    assert names.instance("web", 1).startswith("books-production.acme_web.blue.")
    assert route_name("books", "Production", "a.test", "/", tenant="Acme").startswith("books/production.acme/a.test/")
    assert not route_name("books", "Production", "a.test", "/", tenant="Acme").startswith(
        route_prefix("books", "Production")
    )
    assert names.place.network_key == "books/Production/Acme/network"


def test_no_two_tenants_share_a_slug_and_none_is_long() -> None:
    given = ["Acme Ltd", "acme-ltd", "acme ltd.", "Ω", "Ж", "a" * 100, "a" * 99, "blue", "acme-ltd-3f9a1c2e"]
    found = [tenant_slug(name) for name in given]
    assert len(set(found)) == len(given)
    assert all(re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,31}[a-z0-9])?", one) for one in found)
    assert (tenant_slug("acme-ltd"), tenant_slug("ACME")) == ("acme-ltd", "acme")
    longest = route_name("p" * 40, "e" * 40, "h" * 250, "/", tenant="Ω" * 100)
    assert len(longest) <= 171
