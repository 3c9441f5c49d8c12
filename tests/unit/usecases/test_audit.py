"""The audit: what it keeps of a change, who sees what of it, and that nothing can be changed unseen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.unit.usecases.house import ADMIN, PASSWORD, VIEWER, House

from fairlead.domain.certificate import Certificate
from fairlead.domain.errors import Invalid, NotAllowed, NotAuthenticated, NotFound
from fairlead.domain.grant import Grant
from fairlead.domain.permission import Permission
from fairlead.ports.notifier import CommitStatus, Webhook
from fairlead.store import backup
from fairlead.store.database import Database, sqlite_url
from fairlead.store.notices import NoticeRow
from fairlead.usecases import access, audit, certificates, notifications, projects, runs, telling, variables
from fairlead.usecases.audit import Wanted
from fairlead.usecases.projects import NewSource


def tamper(house: House, statement: str, **values: object) -> None:
    with house.database.engine.connect() as connection:
        connection.execute(sa.text(statement), values)
        connection.commit()


def faults(house: House) -> list[tuple[int, str]]:
    return [(one.sequence, one.reason) for one in audit.verify(house.context, ADMIN).faults]


def test_a_change_is_kept_with_who_when_from_where_and_what(books: House) -> None:
    ann = replace(ADMIN, name="ann", via="key flk_abcd", address="192.0.2.7")
    projects.change(books.context, ann, "books", {"title": "Book shop"})
    [event] = books.audit("project.changed")
    assert (event.actor, event.via, event.address) == ("ann", "key flk_abcd", "192.0.2.7")
    assert event.at == books.clock.now()
    assert [(one.path, one.old, one.new) for one in event.difference] == [("title", None, "Book shop")]


def test_a_secret_is_kept_as_changed(books: House) -> None:
    variables.put(books.context, ADMIN, "books", "Db.Password", "hunter2", is_secret=True)
    variables.put(books.context, ADMIN, "books", "Db.Password", "hunter3", is_secret=True)
    told = books.audit("variable.set")[0]
    assert [(one.path, one.is_secret) for one in told.difference] == [("secret", True)]
    with books.database.reading() as connection:
        rows = str(connection.execute(sa.text("select * from events")).all())
    assert "hunter" not in rows


def test_signing_in_and_out_is_kept(house: House) -> None:
    signed = access.sign_in(house.context, "admin", PASSWORD, address="192.0.2.7")
    access.sign_out(house.context, signed.session)
    [came], [went] = house.audit("user.signed_in"), house.audit("user.signed_out")
    assert came.actor == went.actor == "admin"
    assert came.address == went.address == "192.0.2.7"


def test_what_was_refused_is_kept(books: House) -> None:
    with pytest.raises(NotAllowed) as raised:
        projects.remove(books.context, replace(ADMIN, name="eve", permissions=frozenset()), "books")
    audit.note_refused(books.context, replace(ADMIN, name="eve"), raised.value, "DELETE /api/v1/projects/books")
    [event] = books.audit("act.refused")
    assert (event.actor, event.thing, event.facts["code"]) == ("eve", "project.edit", "permission.denied")
    assert "DELETE /api/v1/projects/books" in event.message


def test_a_whole_chain_is_said_to_be_whole(books: House) -> None:
    verdict = audit.verify(books.context, ADMIN)
    assert verdict.is_whole
    assert verdict.count == verdict.sequence == len(books.audit()) > 2
    assert audit.verify(books.context, ADMIN, sequence=verdict.sequence, expected=verdict.hash).is_whole
    for alone in ({"sequence": 1}, {"expected": verdict.hash}):
        with pytest.raises(Invalid, match="together"):
            audit.verify(books.context, ADMIN, **alone)  # nothing would be compared


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("update events set message = 'nothing' where sequence = 2", "changed after it was written"),
        ("update events set actor = 'somebody' where sequence = 2", "changed after it was written"),
        ("update events set at = '2020-01-01 00:00:00' where sequence = 2", "changed after it was written"),
        (
            "update events set difference = '[]', facts = '{\"a\": 1}' where sequence = 2",
            "changed after it was written",
        ),
        ("delete from events where sequence = 2", "2 is missing before"),
    ],
)
def test_tampering_is_named_by_the_event(books: House, statement: str, reason: str) -> None:
    assert faults(books) == []
    tamper(books, statement)
    [(sequence, said)] = faults(books)
    assert sequence == 2
    assert reason in said


def test_a_tail_that_was_cut_off_is_missed(books: House) -> None:
    last = audit.verify(books.context, ADMIN).sequence
    tamper(books, "delete from events where sequence > :last", last=last - 2)
    [(sequence, said)] = faults(books)
    assert sequence == last - 1
    assert f"{last - 1} to {last}, are missing" in said


def test_an_event_with_a_fresh_hash_does_not_fit_the_next(books: House) -> None:
    from fairlead.domain.event import hash_of
    from fairlead.store import events

    with books.database.reading() as connection:
        second = list(events.in_order(connection))[1]
    forged = replace(second, message="nothing to see")
    tamper(
        books,
        "update events set message = :message, hash = :hash where sequence = 2",
        message=forged.message,
        hash=hash_of(forged),
    )
    [(sequence, said)] = faults(books)
    assert sequence == 3
    assert "does not follow from the event before it" in said


def test_a_chain_that_was_forged_anew_does_not_have_the_hash_that_was_kept_elsewhere(books: House) -> None:
    from fairlead.domain.event import chained
    from fairlead.store import events
    from fairlead.store.rows import to_row

    kept = audit.verify(books.context, ADMIN)
    with books.database.reading() as connection:
        old = list(events.in_order(connection))
    tamper(books, "delete from events")
    previous = ""
    with books.database.transaction() as connection:
        for event in old:
            made = chained(replace(event, actor="nobody"), event.sequence, previous)
            connection.execute(sa.insert(events.events).values(**to_row(made)))
            previous = made.hash
    assert audit.verify(books.context, ADMIN).is_whole, "who can write everything can forge everything"
    verdict = audit.verify(books.context, ADMIN, sequence=kept.sequence, expected=kept.hash)
    assert [one.sequence for one in verdict.faults] == [kept.sequence]


def test_the_chain_goes_on_after_a_restore(books: House, tmp_path: Path) -> None:
    before = audit.verify(books.context, ADMIN)
    data, file = tmp_path / "other", tmp_path / "other" / "fairlead.db"
    data.mkdir()
    backup.write(books.database, tmp_path, tmp_path / "backup.tar.gz", at=books.clock.now(), version="1")
    backup.restore(tmp_path / "backup.tar.gz", data, database=file)
    restored = replace(books.context, database=Database(sqlite_url(file)))
    projects.add(restored, ADMIN, "shop")
    verdict = audit.verify(restored, ADMIN, sequence=before.sequence, expected=before.hash)
    assert verdict.is_whole
    assert verdict.sequence == before.sequence + 1
    restored.database.close()


def test_who_may_view_a_project_sees_what_happened_to_it(books: House) -> None:
    shop = books.add_project("shop")
    eve = replace(
        ADMIN,
        permissions=frozenset(),
        grants=(Grant(frozenset({Permission.VIEW}), projects=frozenset({shop.id})),),
    )
    seen = audit.page(books.context, eve, Wanted(), limit=500).items
    assert {one.project for one in seen} == {"shop"}
    assert audit.page(books.context, eve, Wanted(project="books")).items == ()
    for all_of_it in (audit.export, lambda context, actor, _: audit.verify(context, actor)):
        with pytest.raises(NotAllowed):
            all_of_it(books.context, eve, Wanted())


def test_an_export_can_be_checked_without_us(books: House) -> None:
    import hashlib
    import json

    from fairlead.domain.event import content_of

    lines = [{**content_of(one), "hash": one.hash} for one in audit.export(books.context, ADMIN, Wanted())]
    previous = ""
    for line in lines:
        content = {name: held for name, held in line.items() if name != "hash"}
        spelled = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert line["hash"] == hashlib.sha256(spelled.encode()).hexdigest()
        assert line["previous"] == previous
        previous = str(line["hash"])


def test_a_secret_that_a_task_is_handed_is_kept_once_by_its_name(books: House) -> None:
    import asyncio

    variables.put(books.context, ADMIN, "books", "Db.Password", "hunter2", is_secret=True)
    books.add_release("1.0.0")
    task = books.deployment("1.0.0").task
    assert task is not None
    secrets = books.context.secrets
    audit.hear_of_secrets(books.context)
    with books.database.reading() as connection:
        id = connection.execute(sa.text("select id from secret_versions where name = 'Db.Password'")).scalar_one()
    for _ in range(2):
        assert asyncio.run(secrets.values(task, [id])) == {id: "hunter2"}
    [event] = books.audit("secret.used")
    assert (event.thing, event.project, event.environment) == (task, "books", "Test")
    assert "Db.Password" in event.message
    assert "hunter2" not in str(event)


def test_a_secret_that_polls_use_is_kept_once_for_each_version_and_place(house: House) -> None:
    context = house.context
    audit.hear_of_secrets(context)
    projects.add(context, ADMIN, "books", source=NewSource("https://git.test/books.git", password="word-1"))
    for _ in range(3):
        assert runs.repository_of(context, projects.get(context, ADMIN, "books")).password == "word-1"
    [first] = house.audit("secret.used")
    assert (first.actor, first.project) == ("fairlead", "books")
    assert "https://git.test/books.git" in first.message and "word-1" not in str(first)
    projects.connect(context, ADMIN, "books", NewSource("https://git.test/books.git", password="word-2"))
    for _ in range(2):
        assert runs.repository_of(context, projects.get(context, ADMIN, "books")).password == "word-2"
    assert len(house.audit("secret.used")) == 2
    projects.connect(context, ADMIN, "books", NewSource("https://elsewhere.test/books.git", password="word-3"))
    runs.repository_of(context, projects.get(context, ADMIN, "books"))
    assert "elsewhere.test" in house.audit("secret.used")[0].message


def test_a_secret_that_checks_a_webhook_is_kept_once_and_strangers_use_none(house: House) -> None:
    context = house.context
    audit.hear_of_secrets(context)
    projects.add(context, ADMIN, "books", source=NewSource("https://git.test/books.git"))
    source = projects.get(context, ADMIN, "books").source
    assert source is not None
    for address in ("nobody", source.webhook, source.webhook):
        with pytest.raises(NotAuthenticated):
            runs.received(context, address, {}, b"{}")
    [event] = house.audit("secret.used")
    assert event.project == "books" and "webhook" in event.message


def test_a_secret_that_signs_notices_is_kept_once_for_each_address(house: House) -> None:
    context = house.context
    audit.hear_of_secrets(context)
    for address in ("https://one.test/in", "https://two.test/in"):
        notifications.add(context, ADMIN, address, events=[], secret="sign-1", project="")
    for one in [*notifications.all_of(context, ADMIN)] * 2:
        to = {"kind": "webhook", "address": one.address, "secret": one.secret}
        now = context.clock.now()
        place = telling.delivery_of(context, NoticeRow("ntc-1", "deployment.succeeded", "", "", now, now, to))[1]
        assert isinstance(place, Webhook) and place.secret == "sign-1"
    assert sorted(one.message.partition(":")[0] for one in house.audit("secret.used")) == [
        "used to sign notices to https",
        "used to sign notices to https",
    ]


def test_a_secret_that_tells_a_forge_of_a_commit_is_kept_once_for_each_repository(house: House) -> None:
    context, now = house.context, house.context.clock.now()
    audit.hear_of_secrets(context)
    with context.database.transaction() as connection:
        token = context.keep(connection, "token-1", name="forge of books", by="admin")
    for repository in ("acme/books", "acme/shop", "acme/books"):
        to = {"kind": "commit", "forge": "github", "api_url": "https://api.test", "repository": repository}
        to |= {"commit": "4be1" * 10, "state": "success", "context": "fairlead/Test", "secret": token}
        place = telling.delivery_of(context, NoticeRow("ntc-1", "run.succeeded", "", "", now, now, to))[1]
        assert isinstance(place, CommitStatus) and place.token == "token-1"
    used = house.audit("secret.used")
    assert sorted(one.message for one in used) == [
        f"used to tell https://api.test of acme/{name}: forge of books" for name in ("books", "shop")
    ]
    assert "token-1" not in str(used)


def test_the_key_of_a_certificate_is_kept_as_used_once_for_each_version(house: House) -> None:
    context, now = house.context, house.context.clock.now()
    audit.hear_of_secrets(context)
    for value in ("key-1", "key-2"):
        with context.database.transaction() as connection:
            key = context.keep(connection, value, name="certificate of shop.test", by="admin")
        made = Certificate("crt-1", "shop.test", "chain", key, "ab12", now, now, now)
        for _ in range(2):
            assert certificates.pem_of(context, made) == f"chain\n{value}\n".encode()
    used = house.audit("secret.used")
    assert [(one.thing, one.message) for one in used] == [
        ("crt-1", "used to give the proxy the certificate of shop.test: certificate of shop.test")
    ] * 2
    assert "key-1" not in str(used)


@pytest.mark.parametrize("noun", ["project", "environment", "tenant"])
def test_events_of_what_never_was_are_no_empty_list(house: House, noun: str) -> None:
    with pytest.raises(NotFound) as unknown:
        audit.page(house.context, VIEWER, Wanted(**{noun: "nowhere"}))
    assert unknown.value.code == f"{noun}.unknown"


def test_what_is_gone_still_has_its_events(house: House) -> None:
    house.add_project("gone")
    projects.remove(house.context, ADMIN, "gone")
    assert audit.page(house.context, VIEWER, Wanted(project="gone")).items
