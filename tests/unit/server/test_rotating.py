"""`fairlead-server rotate-key` beside a server: the files, being killed in the middle, and what a backup needs."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from fairlead.domain.actor import SYSTEM, Actor, permissions_of
from fairlead.domain.errors import FairleadError, Refused
from fairlead.domain.ids import ActorId, SecretVersionId
from fairlead.domain.permission import RoleName
from fairlead.server import offline, rotating
from fairlead.server.beside import books_only
from fairlead.server.settings import Settings
from fairlead.store import events, rotation, secret_versions
from fairlead.usecases import audit, subscriptions


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "data").mkdir()
    return Settings(data_dir=tmp_path / "data")


def keep(settings: Settings, count: int) -> dict[SecretVersionId, str]:
    with books_only(settings) as context, context.database.transaction() as connection:
        return {context.keep(connection, f"v{number}", name="s", by=""): f"v{number}" for number in range(count)}


def test_a_key_is_exchanged_and_a_server_that_runs_goes_on(settings: Settings) -> None:
    kept = keep(settings, 5)
    old = (settings.data_dir / "master.key").read_text()
    with books_only(settings) as serving:
        assert rotating.rotate(settings) == 5
        assert (settings.data_dir / "master.key").read_text() != old
        assert not (settings.data_dir / "master.key.next").exists()
        assert (settings.data_dir / "master.key").stat().st_mode & 0o777 == 0o600
        with serving.database.transaction() as connection:
            assert {id: serving.reveal(connection, id) for id in kept} == kept
            more = serving.keep(connection, "more", name="s", by="")
        with serving.database.reading() as connection:
            assert serving.reveal(connection, more) == "more"
            [told] = events.page(connection, *events.fitting(kind="master_key.rotated")).items
        assert "5 secrets" in told.message
        assert audit.verify(serving, SYSTEM).is_whole
    with books_only(settings) as again, again.database.reading() as connection:
        assert again.reveal(connection, more) == "more"
    assert rotating.rotate(settings) == 6, "and again, whenever it is wanted"


def test_headers_of_subscriptions_are_sealed_anew_like_every_secret(settings: Settings) -> None:
    admin = Actor(ActorId("usr-admin"), "admin", "user", permissions_of(RoleName.ADMINISTRATOR))
    with books_only(settings) as context:
        draft = subscriptions.Draft("S", to=["https://x.test/"], headers={"X-Key": "of the receiver"})
        [held] = subscriptions.add(context, admin, draft).subscription.headers.values()
        with context.database.reading() as connection:
            before = secret_versions.sealed(connection, [held])[held]
    rotating.rotate(settings)
    with books_only(settings) as context, context.database.reading() as connection:
        assert context.reveal(connection, held) == "of the receiver"
        after = secret_versions.sealed(connection, [held])[held]
    assert after[0] != before[0] and after[1] != before[1]


def test_killed_in_the_middle_it_is_taken_up_by_the_same_command(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "BATCH", 2)
    monkeypatch.setitem(rotation.seal_some_anew.__kwdefaults__, "most", 2)
    kept = keep(settings, 7)

    def dies(so_far: int) -> None:
        if so_far >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotating.rotate(settings, told=dies)
    assert (settings.data_dir / "master.key.next").exists()
    with books_only(settings) as context, context.database.reading() as connection:
        assert {id: context.reveal(connection, id) for id in kept} == kept, "a server starts and reads with both"
    assert rotating.rotate(settings) == 3
    assert not (settings.data_dir / "master.key.next").exists()
    with books_only(settings) as context, context.database.reading() as connection:
        assert {id: context.reveal(connection, id) for id in kept} == kept


def test_a_key_from_a_setting_is_refused_with_what_to_do(settings: Settings) -> None:
    given = settings.model_copy(update={"master_key": SecretStr("00" * 32)})
    with pytest.raises(Refused) as raised:
        rotating.rotate(given)
    assert raised.value.code == "secrets.rotation"
    assert "master.key" in raised.value.hint
    assert not (settings.data_dir / "master.key.next").exists()


def test_a_backup_says_which_key_it_needs_and_is_not_restored_under_another(settings: Settings, tmp_path: Path) -> None:
    keep(settings, 2)
    before = offline.backup(settings, tmp_path / "before.tar.gz")
    old = (settings.data_dir / "master.key").read_text()
    rotating.rotate(settings)
    after = offline.backup(settings, tmp_path / "after.tar.gz")
    [key_before], [key_after] = ([word for word in one.notes[0].split() if len(word) == 16] for one in (before, after))
    assert key_before != key_after
    with pytest.raises(Refused, match=key_before):
        offline.restore(settings, tmp_path / "before.tar.gz")
    restored = offline.restore(settings, tmp_path / "after.tar.gz")
    assert any(key_after in note for note in restored.notes)
    (settings.data_dir / "master.key").write_text(old)
    assert offline.restore(settings, tmp_path / "before.tar.gz").installation == before.installation


@pytest.mark.parametrize("written", ["m9TJ18UYy7iFXObe0uJkNAp8Ojel+0NW9GupGpnp6Xc=", "nonsense", "", None])
def test_where_the_key_is_not_the_databases_none_is_made(settings: Settings, written: str | None) -> None:
    keep(settings, 3)
    key = settings.data_dir / "master.key"
    kept = key.read_text()
    key.unlink()
    if written is not None:
        key.write_text(written)
        key.chmod(0o600)
    for command in (rotating.rotate, rotating.prepare):
        with pytest.raises(FairleadError) as caught:
            command(settings)
        assert caught.value.code == "secrets.master_key"
        assert not (settings.data_dir / "master.key.next").exists()
    key.write_text(kept)
    key.chmod(0o600)
    assert rotating.rotate(settings) == 3
