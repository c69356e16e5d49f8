"""Access to a shop: its connection opened for one call, with a token that lasts.

Two that refresh a token at once would each get a pair of which one is dead, so
one at a time does, under a lease on the connection's row; no transaction is
open during the call, and what came of it is written only by whoever has the
lease still.
"""

from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import or_, select, update

from core import clock
from core.db import reading, transaction
from core.errors import NeedsMerchant, Permanent, Retryable
from core.models.tables import connections, merchants
from engine import privacy
from engine.machine import Machine
from integrations.live import Tokens
from integrations.roles import Access, ShopIdentity

log = structlog.get_logger()

# A token that ends sooner is refreshed first: a batch of calls may take minutes.
LASTS = timedelta(minutes=5)
LEASE = timedelta(seconds=60)
SOON = timedelta(seconds=2)
# After a call that came to nothing nobody else waits for another one at once.
REST = timedelta(seconds=10)


def access_to(machine: Machine, merchant_id: int) -> Access:
    """Raises Retryable where there is no token just now, NeedsMerchant where
    only she can give us another."""
    row = _connection(machine, merchant_id)
    if _ends_soon(row):
        row = _renewed(machine, row)
    return _opened(machine, row)


def sealed_tokens(machine: Machine, merchant_id: int, tokens: Tokens) -> dict[str, Any]:
    """The columns of a connection that hold a pair of tokens."""
    vault = machine.vault
    refresh = vault.seal(tokens.refresh, binding(merchant_id, "refresh")) if tokens.refresh else None
    return {
        "token": vault.seal(tokens.access, binding(merchant_id, "token")),
        "token_ends_at": tokens.expires_at,
        "refresh": refresh,
        "refresh_ends_at": tokens.refresh_expires_at,
    }


def binding(merchant_id: int, secret: str) -> str:
    """What a connection's sealed secret is bound to."""
    return f"connection:{merchant_id}:{secret}"


def _connection(machine: Machine, merchant_id: int) -> Any:
    found = (
        select(connections, merchants.c.currency)
        .join(merchants, connections.c.merchant_id == merchants.c.id)
        .where(connections.c.merchant_id == merchant_id)
    )
    with reading(machine.db) as session:
        return session.execute(found).one()


def _ends_soon(row: Any) -> bool:
    return row.token is not None and row.token_ends_at is not None and row.token_ends_at < clock.now() + LASTS


def _opened(machine: Machine, row: Any) -> Access:
    identity, token = ShopIdentity(row.domain, row.shop_id, row.currency), None
    if row.token is not None:
        token = machine.vault.open(row.token, binding(row.merchant_id, "token")).decode()
    elif row.platform in machine.connected:
        raise Retryable("this shop has given us no token")
    return Access(row.merchant_id, identity, token, row.meta)


def _renewed(machine: Machine, row: Any) -> Any:
    """The connection with a new pair; with the old token while it lasts where
    somebody else is at it, or the platform does not answer."""
    number, refusal = _lease(machine, row), None
    if number is not None:
        try:
            _renew(machine, row, number)
        except (Retryable, Permanent) as error:
            log.warning("token_not_renewed", merchant_id=row.merchant_id, why=str(error))
            refusal = error if isinstance(error, Permanent) else None
    fresh = _connection(machine, row.merchant_id)
    if fresh.token_ends_at is not None and fresh.token_ends_at <= clock.now():
        raise Retryable("the token has ended and there is no new one yet", SOON) from refusal
    return fresh


def is_refused(error: Retryable) -> bool:
    """Whether the platform's answer was no, rather than none: the operator can
    mend that where the app is at fault, and nobody where it is gone from the shop."""
    return isinstance(error.__cause__, Permanent)


def _lease(machine: Machine, row: Any) -> int | None:
    """The number under which we may renew; None where somebody else does, or
    has done so since."""
    now = clock.now()
    free = or_(connections.c.renewal_until.is_(None), connections.c.renewal_until < now)
    # The number alone would let in whoever looked while another was at it.
    same = (connections.c.renewal == row.renewal, connections.c.token == row.token)
    taken = (
        update(connections)
        .where(connections.c.id == row.id, *same, free)
        .values(renewal=connections.c.renewal + 1, renewal_until=now + LEASE)
        .returning(connections.c.renewal)
    )
    with transaction(machine.db) as session:
        return session.execute(taken).scalar_one_or_none()


def _renew(machine: Machine, row: Any, number: int) -> None:
    """Raises NeedsMerchant where the refreshing has ended: she must come by."""
    if row.refresh is None:
        return _refused(machine, row, number, "the access ends and can't be refreshed")
    refresh = machine.vault.open(row.refresh, binding(row.merchant_id, "refresh")).decode()
    try:
        tokens = machine.connected[row.platform].renew(row.domain, refresh)
    except NeedsMerchant as error:
        return _refused(machine, row, number, str(error))
    except (Retryable, Permanent):
        _write(machine, row, number, {"renewal_until": clock.now() + REST})
        raise
    pair = sealed_tokens(machine, row.merchant_id, tokens)
    _write(machine, row, number, pair | {"renewal_until": None})
    return None


def _refused(machine: Machine, row: Any, number: int, why: str) -> None:
    """Whoever overslept the lease was refused because of a newer pair, which
    is as good as ever."""
    if not _write(machine, row, number, {"renewal_until": None}):
        return
    with transaction(machine.db) as session:
        privacy.needs_merchant(session, row.merchant_id, why)
    raise NeedsMerchant(why)


def _write(machine: Machine, row: Any, number: int, values: dict[str, Any]) -> bool:
    """Both tokens at once, and only under our own number: whoever overslept
    the lease must not overwrite a newer pair."""
    mine = (connections.c.id == row.id, connections.c.renewal == number)
    with transaction(machine.db) as session:
        written = session.execute(update(connections).where(*mine).values(**values))
    return bool(written.rowcount)  # type: ignore[attr-defined]
