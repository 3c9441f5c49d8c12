"""What every secret store keeps to, real or fake: the promises of ports/secrets.py. (Masks: contracts/task_log.py.)"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fairlead.domain.errors import NotFound
from fairlead.domain.ids import SecretVersionId
from fairlead.testing.contracts.books import Books

TOLD = datetime(2026, 3, 2, tzinfo=UTC)
ODD = "line\nbreaks, ünïcode ☃ and 'quotes'"


class SecretsContract:
    """Immutable versions, in clear only for who asks by id."""

    async def test_values_come_by_id(self, books: Books) -> None:
        task = await books.new_task()
        first, second = await books.new_secret("one"), await books.new_secret(ODD)
        assert await books.secrets.values(task, [first, second, first]) == {first: "one", second: ODD}

    async def test_equal_values_are_versions_of_their_own(self, books: Books) -> None:
        assert await books.new_secret("same") != await books.new_secret("same")

    async def test_an_empty_value_is_a_value(self, books: Books) -> None:
        task = await books.new_task()
        empty = await books.new_secret("")
        assert await books.secrets.values(task, [empty]) == {empty: ""}

    async def test_asking_for_none_gives_none(self, books: Books) -> None:
        assert await books.secrets.values(await books.new_task(), []) == {}

    async def test_an_unknown_id_is_not_found_and_named(self, books: Books) -> None:
        task = await books.new_task()
        with pytest.raises(NotFound) as raised:
            await books.secrets.values(task, [SecretVersionId("sec-nowhere")])
        assert raised.value.code == "variable.missing"
        assert "sec-nowhere" in str(raised.value)

    async def test_values_outlive_the_process(self, books: Books) -> None:
        kept = await books.new_secret("lasting")
        successor = await books.reborn()
        assert await successor.secrets.values(await successor.new_task(), [kept]) == {kept: "lasting"}

    async def test_keyed_hashes_are_equal_for_equal_values_alone(self, books: Books) -> None:
        hashed = books.secrets.keyed_hash("value")
        assert hashed == books.secrets.keyed_hash("value") == (await books.reborn()).secrets.keyed_hash("value")
        assert hashed != books.secrets.keyed_hash("value ")
        assert len(bytes.fromhex(hashed)) == 32

    async def test_texts_are_masked_by_what_the_task_was_handed(self, books: Books) -> None:
        task, other = await books.new_task(), await books.new_task()
        await books.secrets.values(task, [await books.new_secret("hunter22")])
        assert await books.secrets.masked(task, ["it is hunter22", ""]) == ("it is •••", "")
        assert await books.secrets.masked(other, ["it is hunter22"]) == ("it is hunter22",)
        assert await (await books.reborn()).secrets.masked(task, ["it is hunter22"]) == ("it is •••",)

    async def test_what_a_task_came_by_itself_is_kept_once_and_masked(self, books: Books) -> None:
        task = await books.new_task()
        first = await books.secrets.keep_told(task, "Token", "told-by-a-script", at=TOLD)
        again = await (await books.reborn()).secrets.keep_told(task, "Token", "told-by-a-script", at=TOLD)
        other = await books.secrets.keep_told(task, "Token", "another", at=TOLD)
        assert first == again != other
        assert await books.secrets.values(await books.new_task(), [first]) == {first: "told-by-a-script"}
        assert await (await books.reborn()).secrets.masked(task, ["told-by-a-script"]) == ("•••",)
