"""The page of targets: added, looked at, left out and removed by its forms."""

from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.adapters.connections.ssh_keys import SshKeys
from fairlead.domain.target import TargetHealth
from fairlead.store import target_health
from fairlead.testing.sshd import Sshd
from fairlead.usecases import targets, tenants


def test_this_host_is_added_looked_at_left_out_and_removed(house: House, visit: Visit) -> None:
    visit.sign_in()
    visit.post("/targets", name="web1", environments="Test", tags="web, eu", description="the first")
    page = visit.get("/targets?tag=eu")
    assert "web1" in page and "this host" in page and "web, eu" in page
    name = page.partition('action="/targets/')[2].partition("/")[0]
    visit.post(f"/targets/{name}/check")
    assert "answered after" in visit.get("/targets")
    lying = visit.get(f"/targets/{name}/packages")  # below the home of whoever runs this: something, or nothing
    assert "Nothing lies there" in lying or "~/fairlead" in lying
    visit.post(f"/targets/{name}/enable")
    assert "left out from now on" in visit.get("/targets")
    visit.post(f"/targets/{name}/remove")
    assert "No targets" in visit.get("/targets")


def test_a_host_is_added_with_a_key_of_its_own_and_trusted(house: House, visit: Visit, sshd: Sshd) -> None:
    visit.sign_in()
    visit.post("/targets", name="far", environments="Test", host="127.0.0.1", port=str(sshd.port), user="deploy")
    page = visit.get("/targets")
    assert "ssh-ed25519 " in page and "no key trusted" in page
    visit.post("/targets/far/trust", fingerprint="SHA256:wrong")
    assert "offers a key" in visit.get("/targets")
    fingerprint = SshKeys().fingerprint(sshd.host_key)
    visit.post("/targets/far/trust", fingerprint=fingerprint)
    assert fingerprint in visit.get("/targets")


def test_it_is_said_by_forms_for_whom_a_target_is(house: House, visit: Visit) -> None:
    tenants.put_tag_set(house.context, ADMINISTRATOR, "Region", ["EU"])
    tenants.put(house.context, ADMINISTRATOR, tenants.Draft("Acme, Inc"))
    visit.sign_in()
    visit.post("/targets", name="web1", environments="Test", tenancy="tenanted", tenants="Acme, Inc\n", tenant_tags="")
    assert ">Acme, Inc</td>" in visit.get("/targets")
    visit.post("/targets/web1/tenancy", tenancy="tenanted-or-untenanted", tenants="acme, inc", tenant_tags="region/eu")
    assert "nobody in particular, and Acme, Inc, Region/EU" in visit.get("/targets")
    visit.post("/targets/web1/tenancy", tenancy="tenanted", tenants="Nobody", tenant_tags="")
    assert "there is no tenant" in visit.get("/targets")
    visit.post("/targets/web1/tenancy", tenancy="tenanted", tenants="", tenant_tags="")
    assert ">tenants only</td>" in visit.get("/targets")


def test_one_that_answers_and_is_not_well_is_not_called_silent(house: House, visit: Visit) -> None:
    visit.sign_in()
    made = targets.add(house.context, ADMINISTRATOR, "web1", only_in=["Test"], tags=["web"]).target
    now = house.clock.now()
    for reason, word in (("unhealthy: the disk is full", "not well"), ("it is switched off", "does not answer")):
        with house.context.database.transaction() as connection:
            target_health.put(connection, TargetHealth(made.id, False, now, now, reason))
        page = visit.get("/targets")
        assert word in page and reason.removeprefix("unhealthy: ") in page and "unhealthy: " not in page
