"""Filters, conditions and loops in a project's file: with secrets that nobody looks into."""

import pytest

from fairlead.domain.errors import Invalid
from fairlead.domain.ids import SecretVersionId
from fairlead.domain.substitution import names_in, substitute
from fairlead.domain.text import Mixed, SecretRef

SECRET = SecretRef(SecretVersionId("sv-1"), "Db.Password")
VALUES = {
    "Host": "DB.example.com",
    "Url": "https://#{Host | ToLower}/",
    "Db.Password": SECRET,
    "Dsn": Mixed(("user:", SECRET, "@#{Host}")),
    "Hosts": '["a", "b"]',
    "Literal": "##{Host}",
    "Circle": "#{if Circle}x#{/if}",
}


def test_a_filter_is_applied_also_inside_the_value_of_a_variable():
    assert substitute("#{Host | ToLower} #{Url}", VALUES.get) == "db.example.com https://db.example.com/"


def test_a_condition_takes_the_branch_that_holds_and_asks_nothing_of_the_other():
    assert substitute("#{if Debug}#{Nowhere}#{else}quiet#{/if}", VALUES.get) == "quiet"


def test_a_loop_goes_over_the_elements_of_json():
    assert substitute("#{each host in Hosts}#{host}:80 #{/each}", VALUES.get) == "a:80 b:80 "


def test_a_secret_passes_through_as_the_reference_it_is():
    text = substitute("#{if Host}pw=#{Db.Password};#{/if}#{Dsn}", VALUES.get)
    assert text == Mixed(("pw=", SECRET, ";user:", SECRET, "@DB.example.com"))


@pytest.mark.parametrize(
    "template",
    ["#{Db.Password | ToUpper}", '#{if Db.Password == "x"}1#{/if}', "#{calc {Db.Password}+1}", "#{Host|Append #{Dsn}}"],
)
def test_what_would_look_into_a_secret_is_refused(template):
    with pytest.raises(Invalid) as refused:
        substitute(template, VALUES.get, where="services.web.environment.X")
    assert (refused.value.code, refused.value.thing) == ("variable.secret", "Db.Password")


def test_a_value_that_is_text_is_no_template_again():
    assert substitute("#{Literal}|#{Literal | Trim}", VALUES.get) == "#{Host}|#{Host}"


def test_what_has_no_value_is_named_with_its_place():
    with pytest.raises(Invalid, match=r"Nowhere \| ToLower.*needed by routes") as refused:
        substitute("#{Nowhere | ToLower}", VALUES.get, where="routes")
    assert refused.value.code == "variable.unknown"


@pytest.mark.parametrize("template", ["#{Host | ToUper}", "#{if Host | ToUper}x#{/if}", "#{Host | ToUper | Trim}"])
def test_an_unknown_filter_is_named_with_the_one_that_may_be_meant(template):
    with pytest.raises(Invalid, match=r"'ToUper' is no filter \(needed by routes\)") as refused:
        substitute(template, VALUES.get, where="routes")
    assert refused.value.code == "variable.filter" and "did you mean toupper?" in refused.value.hint


def test_a_circle_through_a_condition_is_found():
    with pytest.raises(Invalid, match="Circle") as refused:
        substitute("#{Circle}", VALUES.get)
    assert refused.value.code == "variable.circular"


def test_the_names_of_an_expression_are_told():
    assert list(names_in("#{if A}#{B | Append #{C}}#{/if}")) == ["A", "B", "C"]


HOSTS = {
    "Host[web].Port": "80",
    "Host[web].Url": "#{Scheme}://web:#{Host[web].Port}",
    "Host[db].Port": "5432",
    "Host[db].Password": SECRET,
    "Which": "db",
    "Scheme": "http",
    "Names": "web,db",
    "Config": '{"db": {"port": "#{Host[db].Port}"}, "password": "x"}',
    "Endless[a]": "#{each one in Endless}#{one}#{/each}",
    "Odd[a].Url": "#{Odd[#{Which}].Name}",
    "Odd[db].Name": "orders",
}
BY_KEY = {name.lower(): value for name, value in HOSTS.items()}


def filled(template):
    return substitute(template, lambda name: BY_KEY.get(name.lower()), names=HOSTS)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("#{each h in Host}#{h}:#{h.Port} #{/each}", "web:80 db:5432 "),
        ("#{host[WEB].port} #{each h in Host}#{h} #{/each}", "80 web db "),
        ("#{each h in Host}#{if h.Url}#{h.Url}#{/if}#{/each}", "http://web:80"),
        ("#{each n in Names}#{Scheme}://#{n}:#{Host[#{n}].Port} #{/each}", "http://web:80 http://db:5432 "),
        ("#{Host[#{Which}].Port}", "5432"),
        ('#{if Host[#{Which}].Port == "5432"}yes#{/if}', "yes"),
        ("#{Host[*].Port}", "80"),
        ("#{Odd[a].Url}", "orders"),
        ("#{Config.db.port}", "5432"),
        ("port #{Config.db.port} of #{Which}", "port 5432 of db"),
        ("#{each h in Host}#{calc h.Port + 1} #{/each}", "81 5433 "),
    ],
)
def test_collections_of_variables_are_looked_into(template, expected):
    assert filled(template) == expected


def test_a_secret_of_a_collection_stays_a_reference():
    assert filled("#{Host[#{Which}].Password}") == SECRET


def test_a_variable_that_goes_over_itself_is_a_circle():
    with pytest.raises(Invalid) as refused:
        filled("#{Endless[a]}")
    assert refused.value.code == "variable.circular"


def test_a_part_that_a_collection_lacks_is_named():
    with pytest.raises(Invalid, match=r"h\.Colour") as refused:
        filled("#{each h in Host}#{h.Colour}#{/each}")
    assert refused.value.code == "variable.unknown"


def test_what_is_in_no_branch_that_is_taken_may_mention_what_is_not_there():
    values = {"Debug": "no", "Trace": "#{Nowhere}"}
    assert substitute("#{if Debug}#{Trace}#{else}quiet#{/if}", values.get) == "quiet"


def test_the_names_of_a_loop_are_those_around_it():
    assert set(names_in("#{each h in Hosts}#{h.Port}#{Scheme}#{Octopus.Template.Each.Index}#{/each}")) == {
        "Hosts",
        "Scheme",
    }
