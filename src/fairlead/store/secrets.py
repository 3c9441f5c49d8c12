"""Secret values in the database: kept encrypted, handed to tasks at the last moment, masked in their logs."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from fairlead.domain.errors import NotFound, Refused
from fairlead.domain.ids import SecretVersionId, TaskId
from fairlead.ports.clock import Ids
from fairlead.store import secret_versions, settings
from fairlead.store.database import Database
from fairlead.store.masks import Mask
from fairlead.store.sealing import Sealer
from fairlead.store.secret_versions import SecretUse

TASKS_IN_MEMORY = 256
"""How many tasks' masks are kept ready; those of others are made again from the rows."""


def nobody_asks(connection: sa.Connection, task: TaskId, names: Sequence[str]) -> None:
    """What is done where nobody wants to know which secrets a task was handed."""


def nobody_hears(connection: sa.Connection, use: SecretUse, names: Sequence[str]) -> None:
    """What is done where nobody wants to know what else secrets are used for."""


class StoreSecrets:
    """ports.secrets, and the synchronous verbs that use cases need. `handed` is called, in the transaction, where a
    task is handed secrets for the first time, with their names; `used` where they are used for something else for the
    first time."""

    def __init__(self, database: Database, sealer: Sealer, ids: Ids) -> None:
        self._database = database
        self._ids = ids
        self._sealer = sealer
        self.handed: Callable[[sa.Connection, TaskId, Sequence[str]], None] = nobody_asks
        self.used: Callable[[sa.Connection, SecretUse, Sequence[str]], None] = nobody_hears
        self._masks: OrderedDict[TaskId, Mask] = OrderedDict()
        self._lock = threading.Lock()

    async def values(self, task: TaskId, versions: Iterable[SecretVersionId]) -> Mapping[SecretVersionId, str]:
        """As the port says. That the task was handed them is kept first, so that a successor masks them too."""
        wanted = tuple(dict.fromkeys(versions))
        if not wanted:
            return {}

        def work(connection: sa.Connection) -> dict[SecretVersionId, str]:
            fresh = secret_versions.remember_handed(connection, task, wanted)
            if fresh:
                self.handed(connection, task, secret_versions.names_of(connection, fresh))
            found = self.reveal_all(connection, wanted)
            self._load(connection, task)
            return found

        found = await self._database.write(work)
        with self._lock:
            self._keep(task, self._masks.get(task, Mask()).with_values(found.values()))
        return found

    async def keep_told(self, task: TaskId, name: str, value: str, *, at: datetime) -> SecretVersionId:
        """As the port says: its id comes from what it is, so that a task that tells it again makes no other."""
        id = SecretVersionId(f"sec-{self.keyed_hash(json.dumps([task, name, value]))[:40]}")

        def work(connection: sa.Connection) -> None:
            if not secret_versions.sealed(connection, [id]):
                self._insert(connection, id, value, name=name, at=at, by=task)

        await self._database.write(work)
        await self.values(task, [id])
        return id

    async def masked(self, task: TaskId, texts: Sequence[str]) -> Sequence[str]:
        """As the port says."""
        mask = await self._database.read(lambda connection: self._load(connection, task))
        return tuple(mask.apply(text) for text in texts)

    def keyed_hash(self, value: str) -> str:
        """As the port says."""
        return self._sealer.keyed_hash(value)

    def keep(self, connection: sa.Connection, value: str, *, name: str, at: datetime, by: str = "") -> SecretVersionId:
        """A new immutable version; its id. `name` is for people."""
        id = SecretVersionId(self._ids.new("sec"))
        self._insert(connection, id, value, name=name, at=at, by=by)
        return id

    def keep_once(
        self, connection: sa.Connection, value: str, *, about: str, name: str, at: datetime, by: str = ""
    ) -> SecretVersionId:
        """The immutable version of this value for what it is `about`: the same one whenever it is given again."""
        id = SecretVersionId(f"sec-{self.keyed_hash(json.dumps([about, value]))[:40]}")
        if not secret_versions.sealed(connection, [id]):
            self._insert(connection, id, value, name=name, at=at, by=by)
        return id

    def use(self, database: Database, ids: Iterable[SecretVersionId], use: SecretUse) -> dict[SecretVersionId, str]:
        """Values in clear, by id, for what no task does (a poll's credentials, a webhook's signature). Before they are
        given away it is told what for: once for each version and use, so that polls do not fill the audit."""
        wanted = tuple(dict.fromkeys(ids))
        if not wanted:
            return {}
        with database.reading() as connection:
            found = self.reveal_all(connection, wanted)
            is_known = secret_versions.were_used(connection, use.what, wanted)
        if not is_known:
            with database.transaction() as connection:
                fresh = secret_versions.remember_used(connection, use.what, wanted)
                if fresh:
                    self.used(connection, use, secret_versions.names_of(connection, fresh))
        return found

    def reveal(self, connection: sa.Connection, version: SecretVersionId) -> str:
        """The value in clear, to compare it with another; what shows it to somebody is `use`."""
        return self.reveal_all(connection, [version])[version]

    def reveal_all(self, connection: sa.Connection, ids: Iterable[SecretVersionId]) -> dict[SecretVersionId, str]:
        """Values in clear, by id; NotFound `variable.missing` where one is not there."""
        wanted = tuple(dict.fromkeys(ids))
        held = secret_versions.sealed(connection, wanted)
        for id in wanted:
            if id not in held:
                raise NotFound("variable.missing", f"there is no secret {id}", thing=id)
        return {id: self._sealer.open(id, held[id][0], key=held[id][1]) for id in wanted}

    def mask(self, connection: sa.Connection, task: TaskId) -> Mask:
        """What the task's log must not show, as far as it was handed out until now."""
        return self._load(connection, task)

    def _insert(
        self, connection: sa.Connection, id: SecretVersionId, value: str, *, name: str, at: datetime, by: str
    ) -> None:
        use_current_key(connection, self._sealer)
        key = self._sealer.key_id
        row = {
            "id": id,
            "name": name,
            "sealed": self._sealer.seal(id, value, key=key),
            "created_at": at,
            "created_by": by,
            "sealed_with": key,
        }
        connection.execute(sa.insert(secret_versions.secret_versions).values(**row))

    def _load(self, connection: sa.Connection, task: TaskId) -> Mask:
        with self._lock:
            if task in self._masks:
                self._masks.move_to_end(task)
                return self._masks[task]
        ids = secret_versions.handed_to(connection, task)
        held = secret_versions.sealed(connection, ids)
        made = Mask(self._sealer.open(id, sealed, key=key) for id, (sealed, key) in held.items())
        with self._lock:
            return self._keep(task, self._masks.get(task, Mask()).with_values(made.values))

    def _keep(self, task: TaskId, mask: Mask) -> Mask:
        self._masks[task] = mask
        self._masks.move_to_end(task)
        while len(self._masks) > TASKS_IN_MEMORY:
            self._masks.popitem(last=False)
        return mask


def check_master_key(connection: sa.Connection, sealer: Sealer) -> None:
    """The key is the one that this database's secrets were encrypted with, from now on where it is the first;
    Refused `secrets.master_key` where it is another. Keyed hashes are made as they ever were here."""
    held = settings.value_or(connection, settings.MASTER_KEY_CHECK, sealer.check_value)
    if not sealer.use(str(held)):
        raise _another_key(str(held))
    _refuse_unopened(connection, sealer)
    kept = settings.value_or(connection, settings.HASH_KEY, [sealer.sealed_hash_key().hex(), sealer.key_id])
    assert isinstance(kept, list)
    sealer.hash_as(bytes.fromhex(str(kept[0])), key=str(kept[1]))


def refuse_another_key(connection: sa.Connection, sealer: Sealer | None) -> bool:
    """Whether a master key was used with this database; refused `secrets.master_key` where the sealer, if there is one,
    has another. Nothing is written."""
    if not sa.inspect(connection).has_table(settings.settings.name):
        return False
    held = settings.value(connection, settings.MASTER_KEY_CHECK)
    if held is not None and sealer is not None:
        if not sealer.use(str(held)):
            raise _another_key(str(held))
        _refuse_unopened(connection, sealer)
    return held is not None


def _refuse_unopened(connection: sa.Connection, sealer: Sealer) -> None:
    for key in sorted(secret_versions.keys_in_use(connection)):
        if not sealer.knows(key):
            raise _another_key(key)


def use_current_key(connection: sa.Connection, sealer: Sealer) -> None:
    """Seal with the master key that the database says, which stays so until this transaction ends."""
    held = settings.value_held(connection, settings.MASTER_KEY_CHECK)
    if held is not None and not sealer.use(str(held)):
        raise _another_key(str(held))


def _another_key(key: str) -> Refused:
    return Refused(
        "secrets.master_key",
        f"the master key {key[:16]}, which secrets in this database are encrypted with, is not here",
        thing="master key",
        hint="give back that key (master.key, master.key.next while it is exchanged, or FAIRLEAD_MASTER_KEY); "
        "nothing was changed",
    )


def has_master_key(connection: sa.Connection) -> bool:
    """Whether a master key was used with this database before: then none may be made."""
    return settings.value(connection, settings.MASTER_KEY_CHECK) is not None
