"""Writes that happen once however often they are asked for: the key is kept in the main database,
in the transaction of its effect."""

from sqlalchemy import delete, select

from protocol.errors import Refusal
from runtime.database import Plan, insert
from runtime.tables import idempotency


def once(
    site_id: str,
    actor: str,
    operation: str,
    key: str,
    digest: bytes,
    result: bytes,
    now_us: int,
) -> Plan[bytes | None]:
    """None for the first with this key: go on, `result` is kept. For a repeat: the first's result;
    do nothing more. Refuses with `conflict` when the first asked for something else (`digest`)."""
    rows = yield (
        insert(idempotency)
        .values(
            site_id=site_id,
            actor=actor,
            operation=operation,
            key=key,
            digest=digest,
            result=result,
            at_us=now_us,
        )
        .on_conflict_do_nothing()
        .returning(idempotency.c.key)
    )
    if rows:
        return None
    ((first_digest, first_result),) = yield select(
        idempotency.c.digest, idempotency.c.result
    ).where(
        idempotency.c.site_id == site_id,
        idempotency.c.actor == actor,
        idempotency.c.operation == operation,
        idempotency.c.key == key,
    )
    if first_digest != digest:
        raise Refusal("conflict", "This Idempotency-Key was used with another request.")
    return bytes(first_result)


def forget(before_us: int) -> Plan[None]:
    """Removes keys used before then: a repeat after so long is a new request."""
    yield (
        delete(idempotency)
        .where(idempotency.c.at_us < before_us)
        .execution_options(all_sites="old keys are forgotten on every site")
    )


def forget_person(site_id: str, person: str) -> Plan[None]:
    """Removes the keys that a person used, and those whose result speaks of them."""
    rows = yield select(
        idempotency.c.actor, idempotency.c.operation, idempotency.c.key, idempotency.c.result
    ).where(idempotency.c.site_id == site_id)
    for row in rows:
        if row.actor == person or person.encode() in bytes(row.result):
            yield delete(idempotency).where(
                idempotency.c.site_id == site_id,
                idempotency.c.actor == row.actor,
                idempotency.c.operation == row.operation,
                idempotency.c.key == row.key,
            )


def first(site_id: str, actor: str, operation: str, key: str) -> Plan[bytes | None]:
    """The result of the first with this key, whatever it asked for; None when there was none."""
    rows = yield select(idempotency.c.result).where(
        idempotency.c.site_id == site_id,
        idempotency.c.actor == actor,
        idempotency.c.operation == operation,
        idempotency.c.key == key,
    )
    return bytes(rows[0].result) if rows else None
