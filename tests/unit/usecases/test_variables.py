"""Variables of projects and library sets: their scopes by name, their types, and what they come to at a place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.unit.usecases.house import ADMIN, VIEWER, House

from fairlead.domain.composite import CompositeKind
from fairlead.domain.errors import Conflict, FairleadError, Invalid, NotFound
from fairlead.domain.process import Action, Process, ProcessStep
from fairlead.domain.prompt import Control, Prompt
from fairlead.domain.variable import Dimension
from fairlead.store import environments as store_environments
from fairlead.store import events, projects, releases
from fairlead.store.shelf import Page
from fairlead.usecases import (
    environments,
    library_sets,
    planning,
    processes,
    targets,
    variable_preview,
    variables,
    why,
)
from fairlead.usecases.going import Going
from fairlead.usecases.values import Where
from fairlead.usecases.variables import InLibrary, More

MAIL = InLibrary("Mail")


def previewed(house: House, environment: str = "Test", **more: str) -> dict[str, variable_preview.Previewed]:
    found = variable_preview.preview(house.context, VIEWER, "books", Where(environment), **more)  # type: ignore[arg-type]
    return {one.name: one for one in found.page.items}


@pytest.fixture
def library(books: House) -> House:
    """A library set that the project includes."""
    library_sets.add(books.context, ADMIN, "Mail", description="where letters go")
    variables.put(books.context, ADMIN, MAIL, "Mail.Host", "mail.test")
    library_sets.include(books.context, ADMIN, "books", "mail")
    return books


# Scopes


def test_a_scope_is_set_by_names_in_every_dimension_that_there_is(books: House) -> None:
    scope = {Dimension.ENVIRONMENT: ["test"], Dimension.CHANNEL: ["default"], Dimension.PROCESS: ["deployment"]}
    made = variables.put(books.context, ADMIN, "books", "A", "x", scope=scope)
    assert set(made.scope) == {Dimension.ENVIRONMENT, Dimension.CHANNEL, Dimension.PROCESS}
    assert previewed(books)["A"].evaluated == "x"
    assert previewed(books, "Production")["A"].winner is None
    variables.remove(books.context, ADMIN, "books", "a", scope=scope)
    assert "A" not in previewed(books)


@pytest.mark.parametrize("dimension", [one for one in Dimension if one is not Dimension.ENVIRONMENT])
def test_a_scope_that_names_what_is_not_there_is_refused(books: House, dimension: Dimension) -> None:
    with pytest.raises(Invalid) as raised:
        variables.put(books.context, ADMIN, "books", "A", "x", scope={dimension: ["Nowhere"]})
    assert raised.value.code == "variable.scope"


def test_a_library_sets_variable_is_for_no_channel_step_or_process(library: House) -> None:
    for dimension in (Dimension.STEP, Dimension.CHANNEL, Dimension.PROCESS):
        with pytest.raises(Invalid) as raised:
            variables.put(library.context, ADMIN, MAIL, "A", "x", scope={dimension: ["Default"]})
        assert raised.value.code == "variable.scope" and "belongs to one project" in str(raised.value)


# Library sets


def test_a_projects_own_variable_comes_before_a_library_sets_at_equal_rank_only(library: House) -> None:
    assert previewed(library)["Mail.Host"].evaluated == "mail.test"
    variables.put(library.context, ADMIN, "books", "Mail.Host", "own.test")
    assert previewed(library)["Mail.Host"].evaluated == "own.test"
    variables.put(library.context, ADMIN, MAIL, "Mail.Host", "test.test", only_in=["Test"])
    found = previewed(library)["Mail.Host"]
    assert found.winner is not None and (found.evaluated, found.winner.library_set) == ("test.test", "Mail")
    assert {reason for _, reason in found.lost} == {"another is more specific: its scope names the environment"}
    assert previewed(library, "Production")["Mail.Host"].evaluated == "own.test"


def test_a_release_freezes_the_variables_of_the_sets_that_its_project_includes(library: House) -> None:
    library.add_release("1.0.0")
    library_sets.exclude(library.context, ADMIN, "books", "Mail")
    assert "Mail.Host" not in previewed(library)
    assert previewed(library, version="1.0.0")["Mail.Host"].evaluated == "mail.test"
    told = why.value(library.context, VIEWER, "books", "Mail.Host", Where("Test"), version="1.0.0")
    assert "'mail.test'" in told.said and "(of the library set" in told.because[0].said


def test_a_set_in_use_is_not_removed_and_one_name_is_there_once(library: House) -> None:
    with pytest.raises(Conflict) as raised:
        library_sets.remove(library.context, ADMIN, "Mail")
    assert raised.value.code == "library_set.in_use" and "books" in str(raised.value)
    with pytest.raises(Conflict) as raised:
        library_sets.add(library.context, ADMIN, "mail")
    assert raised.value.code == "library_set.exists"
    library_sets.exclude(library.context, ADMIN, "books", "Mail")
    library_sets.remove(library.context, ADMIN, "Mail")
    with pytest.raises(NotFound) as missing:
        library_sets.get(library.context, VIEWER, "Mail")
    assert missing.value.code == "library_set.unknown"


def test_a_set_changes_only_as_it_was_read(library: House) -> None:
    saved = library_sets.change(library.context, ADMIN, "Mail", new_name="Letters", revision=1)
    assert (saved.name, saved.description, saved.revision) == ("Letters", "where letters go", 2)
    with pytest.raises(Conflict) as raised:
        library_sets.change(library.context, ADMIN, "Letters", description="x", revision=1)
    assert raised.value.code == "edit.conflict"
    view = library_sets.page(library.context, VIEWER, search="LETT").items[0]
    assert (view.variables, view.projects) == (1, ("books",))


def test_what_is_done_to_library_sets_is_in_the_audit(library: House) -> None:
    with library.database.reading() as connection:
        kinds = [one.kind for one in events.page(connection, limit=3).items]
    assert kinds == ["library_set.included", "variable.set", "library_set.added"]


# Types


def certificate(name: str = "books.test") -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder(called, called, key.public_key(), 4711)
        .not_valid_before(begun)
        .not_valid_after(begun + timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return made.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


def test_a_certificate_has_parts_and_its_key_is_a_secret(books: House) -> None:
    chain, key = certificate()
    more = More(composite=CompositeKind.CERTIFICATE, parts={"certificatepem": chain, "PrivateKeyPem": key})
    made = variables.put(books.context, ADMIN, "books", "Tls", more=more)
    variables.put(books.context, ADMIN, "books", "Told", "#{Tls.Subject} until #{Tls.NotAfter}, #{Tls.Thumbprint}")
    assert made.composite is not None and made.kind == "certificate"
    thumbprint = x509.load_pem_x509_certificate(chain.encode()).fingerprint(hashes.SHA1()).hex().upper()
    assert previewed(books)["Told"].evaluated == f"CN=books.test until 2027-01-01T00:00:00+00:00, {thumbprint}"
    variables.put(books.context, ADMIN, "books", "Key", "#{Tls.PrivateKeyPem}")
    assert previewed(books)["Key"].evaluated == "•••"
    assert key not in repr(made)
    with books.database.reading() as connection:
        assert books.context.reveal(connection, made.composite.secrets["PrivateKeyPem"]) == key


def test_a_certificate_whose_key_is_anothers_is_refused(books: House) -> None:
    parts = {"CertificatePem": certificate()[0], "PrivateKeyPem": certificate()[1]}
    with pytest.raises(Invalid) as raised:
        variables.put(books.context, ADMIN, "books", "Tls", more=More(composite=CompositeKind.CERTIFICATE, parts=parts))
    assert raised.value.code == "certificate.invalid"


def test_an_account_has_the_parts_of_its_kind_and_no_others(books: House) -> None:
    parts = {"Username": "robot", "Password": "hunter2"}
    more = More(composite=CompositeKind.USER_PASSWORD, parts=parts)
    made = variables.put(books.context, ADMIN, "books", "Deployer", more=more)
    variables.put(books.context, ADMIN, "books", "Url", "https://#{Deployer.Username}:#{Deployer.Password}@hub")
    assert made.kind == "account"
    assert previewed(books)["Url"].evaluated == "https://robot:•••@hub"
    for wrong in ({"Username": "robot"}, {**parts, "Token": "x"}):
        with pytest.raises(Invalid) as raised:
            variables.put(books.context, ADMIN, "books", "D", more=More(composite=more.composite, parts=wrong))
        assert raised.value.code == "variable.parts"
    with pytest.raises(Invalid):
        variables.put(books.context, ADMIN, "books", "D", "a value", more=more)


@pytest.mark.parametrize(
    ("prompt", "is_secret"),
    [
        (Prompt(control=Control.SELECT), False),
        (Prompt(options=("a",)), False),
        (Prompt(control=Control.SENSITIVE), False),
        (Prompt("Which?"), True),
        (Prompt("two\nlines"), False),
        (Prompt(control=Control.SELECT, options=("a", "a")), False),
    ],
)
def test_a_prompt_that_cannot_be_asked_is_refused(books: House, prompt: Prompt, is_secret: bool) -> None:
    with pytest.raises(Invalid) as raised:
        variables.put(books.context, ADMIN, "books", "A", "x", is_secret=is_secret, more=More(prompt=prompt))
    assert raised.value.code == "prompt.invalid"


# Preview


def test_a_preview_says_what_each_name_comes_to_and_shows_no_secret(books: House) -> None:
    put = lambda name, value, **more: variables.put(books.context, ADMIN, "books", name, value, **more)  # noqa: E731
    put("Url", "db://#{Db.Host | ToUpper}:#{Port}/#{Octopus.Environment.Name}")
    put("Port", "1", only_in=["Production"])
    put("Port", "5432")
    put("Password", "hunter2", is_secret=True)
    put("Dsn", "x:#{Password}@#{Db.Host}")
    put("Looked", "#{Password | ToUpper}")
    put("One", "#{Two}")
    put("Two", "#{one}")
    put("Bad", "#{No.Such} and #{Nor.This}")
    found = previewed(books)
    assert found["Url"].evaluated == "db://DB:5432/Test"
    assert [(shown.value, reason) for shown, reason in found["Port"].lost] == [("1", "its environment does not fit")]
    assert found["Dsn"].evaluated == "x:•••@db"
    codes = {name: one.problem.code for name, one in found.items() if one.problem}
    circular = "variable.circular"
    assert codes == {"Looked": "variable.secret", "One": circular, "Two": circular, "Bad": "variable.unknown"}
    assert "One → Two → one" in str(found["One"].problem) or "Two → one → Two" in str(found["One"].problem)
    assert "'No.Such', 'Nor.This'" in str(found["Bad"].problem)
    assert "hunter2" not in repr(found)


def test_a_preview_warns_of_ties_unless_a_variable_says_not_to(books: House) -> None:
    environments.add(books.context, ADMIN, "Staging")
    variables.put(books.context, ADMIN, "books", "A", "wide", only_in=["Test", "Production"])
    variables.put(books.context, ADMIN, "books", "A", "other", only_in=["Test", "Staging"])

    def warnings() -> tuple[str, ...]:
        return variable_preview.preview(books.context, VIEWER, "books", Where("Test")).warnings

    assert len(warnings()) == 1 and warnings()[0].startswith("A has 2 values")
    assert previewed(books)["A"].is_tied and not previewed(books)["Db.Host"].is_tied
    variables.put(books.context, ADMIN, "books", "OctopusSuppressDuplicateVariableWarning", "True")
    assert warnings() == ()


def test_a_preview_comes_in_parts(books: House) -> None:
    for number in range(5):
        variables.put(books.context, ADMIN, "books", f"N{number}", "x")

    def ask(after: str | None) -> Page[variable_preview.Previewed]:
        where = Where("Test")
        found = variable_preview.preview(books.context, VIEWER, "books", where, search="n", after=after, limit=3)
        return found.page

    first = ask(None)
    assert [one.name for one in (*first.items, *ask(first.after).items)] == ["N0", "N1", "N2", "N3", "N4"]
    assert ask(first.after).after is None


def test_a_place_that_is_not_there_cannot_be_previewed(books: House) -> None:
    for where in (Where(), Where("Nowhere"), Where("Test", channel="Beta"), Where("Test", step="Nothing")):
        with pytest.raises(FairleadError):
            variable_preview.preview(books.context, VIEWER, "books", where)


# In plans


def settings(house: House, version: str = "1.0.0") -> tuple[dict[str, object], tuple[str, ...]]:
    """The environment of its one service in Test, and what is warned of."""
    with house.database.reading() as connection:
        owner = projects.by_name(connection, "books")
        place = store_environments.by_name(connection, "Test")
        release = releases.by_version(connection, owner.id, version)
        intended = planning.intend(house.context, connection, Going(owner, place, release))
    return dict(intended.definition.services[0].environment), intended.plan.warnings


def test_a_project_file_names_what_the_system_says_and_what_a_person_set_comes_first(books: House) -> None:
    more = ', labels: {v: "#{Octopus.Release.Number}"}'
    variables.put(
        books.context, ADMIN, "books", "Db.Host", "#{Octopus.Project.Name}-#{Fairlead.Environment.Name | ToLower}"
    )
    books.add_release("1.0.0", more=more)
    assert settings(books)[0]["DB_HOST"] == "books-test"
    variables.put(books.context, ADMIN, "books", "Octopus.Project.Name", "mine")
    books.add_release("1.1.0", more=more)
    assert settings(books, "1.1.0")[0]["DB_HOST"] == "mine-test"


def test_a_variable_for_a_channel_or_the_deployment_process_holds_in_a_deployment(books: House) -> None:
    scope = {Dimension.CHANNEL: ["Default"], Dimension.PROCESS: ["deployment"]}
    variables.put(books.context, ADMIN, "books", "Db.Host", "of the channel", scope=scope)
    books.add_release("1.0.0")
    assert settings(books)[0]["DB_HOST"] == "of the channel"


def test_a_plan_warns_of_values_that_are_scoped_equally(books: House) -> None:
    environments.add(books.context, ADMIN, "Staging")
    variables.put(books.context, ADMIN, "books", "Db.Host", "a", only_in=["Test", "Production"])
    variables.put(books.context, ADMIN, "books", "Db.Host", "b", only_in=["Test", "Staging"])
    books.add_release("1.0.0")
    (warning,) = settings(books)[1]
    assert warning.startswith("Db.Host has 2 values that are scoped equally here")
    variables.put(books.context, ADMIN, "books", "FairleadSuppressDuplicateVariableWarning", "true")
    books.add_release("1.1.0")
    assert settings(books, "1.1.0")[1] == ()


def test_a_step_and_a_target_are_named_once_they_are_there(books: House) -> None:
    processes.put(
        books.context, ADMIN, "books", Process((ProcessStep("Copy", (Action("Copy files", "deploy-services"),)),))
    )
    targets.add(books.context, ADMIN, "web-1", only_in=["Test"], tags=["Web"])
    put = variables.put
    put(books.context, ADMIN, "books", "A", "everywhere")
    put(books.context, ADMIN, "books", "A", "on the tag", scope={Dimension.TARGET_TAG: ["web"]})
    put(books.context, ADMIN, "books", "A", "on the target", scope={Dimension.TARGET: ["WEB-1"]})
    put(books.context, ADMIN, "books", "A", "in the action", scope={Dimension.STEP: ["copy FILES"]})

    def holds(**where: object) -> str:
        at = Where("Test", **where)  # type: ignore[arg-type]
        return variable_preview.preview(books.context, VIEWER, "books", at, search="A").page.items[0].evaluated

    assert holds() == "everywhere"
    assert holds(target_tags=("web",)) == "on the tag"
    assert holds(target="web-1") == "on the target"
    assert holds(target="web-1", step="Copy files") == "in the action"
    assert holds(target="web-1", step="Copy") == "on the target"
    told = why.value(books.context, VIEWER, "books", "A", Where("Test", target="web-1"))
    assert "the one for target web-1 holds" in told.because[0].said
