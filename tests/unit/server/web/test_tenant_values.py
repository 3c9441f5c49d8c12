"""The pages of what tenants are asked for, and the form with what one gives."""

from __future__ import annotations

import pytest
from tests.unit.server.conftest import Visit
from tests.unit.server.house import ADMINISTRATOR, House

from fairlead.domain.step_template import Parameter, ParameterType
from fairlead.usecases import library_sets, tenant_templates, tenant_values, tenants
from fairlead.usecases.variables import InLibrary


@pytest.fixture
def asked(house: House) -> House:
    context = house.context
    house.add_project("books")
    library_sets.add(context, ADMINISTRATOR, "Shared Things")
    library_sets.include(context, ADMINISTRATOR, "books", "Shared Things")
    tenants.put(context, ADMINISTRATOR, tenants.Draft("Acme & Co", connections={"books": ["Test", "Production"]}))
    templates = (
        Parameter("Db.Schema", "Schema <b>", "its own"),
        Parameter("Size", type=ParameterType.SELECT, default="S", options=("S", "L")),
        Parameter("Key", type=ParameterType.SECRET, default=""),
    )
    tenant_templates.put(context, ADMINISTRATOR, "books", templates)
    tenant_templates.put(context, ADMINISTRATOR, InLibrary("Shared Things"), [Parameter("Site")])
    return house


def given(house: House) -> dict[tuple[str, str], str]:
    found = tenant_values.of(house.context, ADMINISTRATOR, "Acme & Co").asked
    return {(one.environment or one.library_set, one.name): one.shown or "•••" for one in found if one.value}


PAGE = "/tenants/Acme%20%26%20Co/values"
SCHEMA, KEY, SITE = "books/Test//Db.Schema", "books/Test//Key", "//Shared%20Things/Site"


def test_the_form_has_a_field_for_each_place_marks_what_is_missing_and_sets_what_changed(
    asked: House, visit: Visit
) -> None:
    visit.sign_in()
    assert PAGE in visit.get("/tenants")
    page = visit.get(PAGE)
    assert "3 missing" in page and page.count(">missing<") == 3 and "Schema &lt;b&gt;" in page
    fields = {f"value/{SCHEMA}": "größe", f"value/{KEY}": "hidden-key", f"value/{SITE}": "here"}
    revision = tenant_values.of(asked.context, ADMINISTRATOR, "Acme & Co").revision
    assert visit.post(PAGE, **fields, revision=str(revision)) == PAGE
    wanted = {("Test", "Db.Schema"): "größe", ("Test", "Key"): "•••", ("Shared Things", "Site"): "here"}
    assert given(asked) == wanted
    page = visit.get(PAGE)
    assert 'value="größe"' in page and "hidden-key" not in page and "1 missing" in page
    visit.post(PAGE, **{f"value/{SCHEMA}": "other", f"value/{KEY}": "", f"value/{SITE}": ""}, revision=str(revision))
    assert given(asked) == wanted, "somebody else changed them meanwhile"
    assert "changed by somebody else" in visit.get(PAGE)
    visit.post(PAGE, **{f"value/{SCHEMA}": "größe", f"taken/{KEY}": "1", f"value/{SITE}": ""})
    assert given(asked) == {("Test", "Db.Schema"): "größe"}


def test_a_field_that_nobody_asks_for_is_refused_and_what_is_left_can_be_taken_away(asked: House, visit: Visit) -> None:
    visit.sign_in()
    visit.post(PAGE, **{f"value/{SCHEMA}": "x", "value/books/Test//Nothing": "y"})
    assert given(asked) == {} and "has no template" in visit.get(PAGE)
    visit.post(PAGE, **{f"value/{SCHEMA}": "x"})
    tenant_templates.put(asked.context, ADMINISTRATOR, "books", [])
    assert "No longer asked for" in visit.get(PAGE)
    visit.post(PAGE, **{f"taken/{SCHEMA}": "1"})
    assert given(asked) == {} and "No longer asked for" not in visit.get(PAGE)


@pytest.mark.parametrize("base", ["/projects/books", "/library-sets/Shared%20Things"])
def test_a_template_is_set_changed_and_removed(asked: House, visit: Visit, base: str) -> None:
    visit.sign_in()
    page = f"{base}/tenant-templates"
    assert page in visit.get("/projects/books/variables" if "projects" in base else base)
    assert visit.post(page, name="Tone", label="Ton", type="select", options="loud\r\nquiet", default="quiet") == page
    assert "select: loud, quiet" in visit.get(page)
    visit.post(page, name="TONE", type="text", needed="1")
    shown = visit.get(page)
    assert "<code>TONE</code>" in shown and "select: loud" not in shown
    visit.post(page, name="no good;", type="text")
    assert "is not the name of a parameter" in visit.get(page)
    visit.post(page, name="Tone", type="picture")
    assert "is not a type" in visit.get(page)
    visit.post(f"{page}/remove", name="TONE")
    assert "<code>TONE</code>" not in visit.get(page)


def test_what_is_missing_of_all_tenants_is_one_list_that_is_searched(asked: House, visit: Visit) -> None:
    tenants.put(asked.context, ADMINISTRATOR, tenants.Draft("Bolt", connections={"books": ["Test"]}))
    visit.sign_in()
    assert "/missing-tenant-values" in visit.get("/tenants")
    page = visit.get("/missing-tenant-values")
    assert page.count("<code>Db.Schema</code>") == 3 and page.count("<code>Site</code>") == 2
    assert "<code>Size</code>" not in page and "Schema &lt;b&gt;" in page
    assert "/tenants/Acme%20%26%20Co/values?search=Db.Schema" in page
    assert visit.get("/missing-tenant-values?search=bolt").count("<code>Db.Schema</code>") == 1
    assert "Nothing is missing" in visit.get("/missing-tenant-values?search=zzz")
    first = visit.get("/missing-tenant-values?limit=2")
    assert first.count("<tr><th") == 3 and "after=" in first
