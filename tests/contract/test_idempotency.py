"""Idempotency keys on both engines: the first counts, a repeat gets the first's answer."""

from __future__ import annotations

import asyncio

import pytest

from protocol.errors import Refusal
from runtime.database import Database, Plan
from runtime.idempotency import once


def ask(
    key: str = "k",
    digest: bytes = b"same",
    result: bytes = b"first",
    site_id: str = "site",
    actor: str = "ada",
    operation: str = "create",
) -> Plan[bytes | None]:
    return once(site_id, actor, operation, key, digest, result, 1_000)


async def test_the_first_goes_on_and_a_repeat_gets_its_result(database: Database) -> None:
    assert await database.write(ask) is None
    assert await database.write(ask, result=b"second") == b"first"


async def test_another_request_under_the_same_key_is_a_conflict(database: Database) -> None:
    await database.write(ask)
    with pytest.raises(Refusal) as refused:
        await database.write(ask, digest=b"other")
    assert refused.value.code == "conflict"


async def test_keys_are_apart(database: Database) -> None:
    await database.write(ask)
    assert await database.write(ask, key="another") is None
    assert await database.write(ask, site_id="another") is None
    assert await database.write(ask, actor="another") is None
    assert await database.write(ask, operation="another") is None


async def test_a_refused_effect_keeps_no_key(database: Database) -> None:
    def refused() -> Plan[None]:
        assert (yield from ask()) is None
        raise PermissionError

    with pytest.raises(PermissionError):
        await database.write(refused)
    assert await database.write(ask) is None


async def test_of_many_at_once_one_goes_on(database: Database) -> None:
    results = await asyncio.gather(
        *(database.write(ask, result=b"%d" % number) for number in range(8))
    )
    assert results.count(None) == 1
    winner = b"%d" % results.index(None)
    assert [result for result in results if result is not None] == [winner] * 7
