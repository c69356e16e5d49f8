"""From a stored webhook to records and decisions: the way's steps 2, 5, 6 and 7."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Engine, bindparam, literal_column, select, update
from sqlalchemy.orm import Session, make_transient_to_detached

from core import clock
from core.db import insert, may_pass, transact, transaction
from core.errors import Unreadable
from core.events import (
    AccessLost,
    AppUninstalled,
    CartUpdated,
    ConsentChanged,
    DataRequested,
    ErasureRequested,
    Event,
    LookUp,
    OrderEvent,
    PersonChanged,
    ProductUpdated,
    ShopErasureRequested,
    StockChanged,
)
from core.models import Merchant
from core.models.tables import addresses, connections, inbound, look_ups, merchants, products, variants
from core.statements import Statement
from core.vault import Vault
from core.writes import durable_writes
from engine import data_requests, planning, privacy, records
from engine.identity import fingerprint
from engine.machine import Machine
from integrations.roles import Envelope, ShopIdentity

log = structlog.get_logger()

WRITE = (
    "INSERT INTO inbound (merchant_id, dedupe, topic, about_orders, body, state, received_at) "
    "VALUES (?, ?, ?, ?, ?, 'new', ?) ON CONFLICT (merchant_id, dedupe) DO NOTHING"
)


class WritingDown:
    """Step 2: one durable row by the driver, nothing parsed, nothing decided."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._connection = durable_writes(engine)
        self._nobody: type[Exception] = engine.dialect.loaded_dbapi.IntegrityError
        self._vault = vault
        self._text_times = engine.dialect.name == "sqlite"

    def write(self, merchant_id: int, envelope: Envelope, body: bytes) -> bool:
        """False where this very delivery is known already, or its merchant
        has been erased meanwhile."""
        sealed = self._vault.seal(body, body_binding(merchant_id, envelope.dedupe))
        now = clock.now()
        at: Any = now.strftime("%Y-%m-%d %H:%M:%S.%f") if self._text_times else now
        values = (merchant_id, envelope.dedupe, envelope.topic, envelope.about_orders, sealed, at)
        try:
            return self._connection.execute(WRITE, values) > 0
        except self._nobody:
            return False

    def close(self) -> None:
        """Give this thread's connection back."""
        self._connection.close()


def body_binding(merchant_id: int, dedupe: str) -> str:
    return f"inbound:{merchant_id}:{dedupe}"


MOST = 200


def run(machine: Machine, most: int = MOST) -> int:
    """Handle new webhooks, each in its own transaction; how many."""
    handled = 0
    while handled < most and not machine.stopping.is_set() and _handle_next(machine):
        handled += 1
    return handled


def replay(machine: Machine, merchant_id: int, inbound_id: int) -> bool:
    """Let an unreadable webhook be read again, after the reader was mended."""
    with transaction(machine.db) as session:
        again = update(inbound).where(
            inbound.c.id == inbound_id,
            inbound.c.merchant_id == merchant_id,
            inbound.c.state == "unreadable",
            inbound.c.body.is_not(None),
        )
        changed = session.execute(again.values(state="new", reason=None)).rowcount  # type: ignore[attr-defined]
    machine.bells.inbox()
    return bool(changed)


def _handle_next(machine: Machine) -> bool:
    taken: list[int] = []
    try:
        if not transact(machine.db, lambda session: _handled(machine, session, taken)):
            return False
    except Exception as error:
        # Whatever is wrong with one webhook, it is kept for replay and blocks nobody.
        if not taken or may_pass(error):
            raise
        log.exception("webhook_not_handled", inbound_id=taken[-1])
        with transaction(machine.db) as session:
            _settle(session, taken[-1], f"internal: {type(error).__name__}")
    machine.bells.due()
    return True


def _handled(machine: Machine, session: Session, taken: list[int]) -> bool:
    """False where nothing is new; `taken` names what was begun."""
    found = _NEXT.records(session, {})
    for row in found:
        taken.append(row.inbound_id)
        _settle(session, row.inbound_id, _handle(machine, session, row))
    return bool(found)


# The oldest new webhook, whose it is and where it must come from.
_NEXT = Statement(
    select(
        inbound.c.id.label("inbound_id"),
        inbound.c.dedupe,
        inbound.c.topic,
        inbound.c.body,
        merchants,
        connections.c.domain,
        connections.c.shop_id,
    )
    .join(merchants, merchants.c.id == inbound.c.merchant_id)
    .outerjoin(connections, connections.c.merchant_id == inbound.c.merchant_id)
    # Written out, so that a plan made once can use the index of new rows.
    .where(inbound.c.state == literal_column("'new'"))
    .order_by(inbound.c.id)
    .limit(1)
    .with_for_update(of=inbound, skip_locked=True)
)


def _handle(machine: Machine, session: Session, row: Any) -> str | None:
    """The reason why the webhook is unreadable, or None."""
    merchant = _merchant(session, row)
    shop = machine.shops[merchant.platform]
    body = machine.vault.open(row.body, body_binding(merchant.id, row.dedupe))
    identity = ShopIdentity(row.domain, row.shop_id, merchant.currency)
    try:
        found = shop.read(row.topic, body, identity)
    except Unreadable as error:
        return str(error)
    apply(machine, session, merchant, found, row.inbound_id)
    if merchant.uninstalled_at is not None:
        _empty(session, row.inbound_id)
    return None


def _merchant(session: Session, row: Any) -> Merchant:
    """As if the session itself had found it: what is changed of it is written."""
    merchant = Merchant(**{column.name: getattr(row, column.name) for column in merchants.c})
    make_transient_to_detached(merchant)
    session.add(merchant)
    return merchant


def apply(
    machine: Machine,
    session: Session,
    merchant: Merchant,
    found: Sequence[Event | LookUp],
    inbound_id: int | None = None,
    plans: bool = True,
) -> None:
    """Remember what was found and let the flows decide, in one transaction,
    unless it is only to be remembered. Of a shop that has left only what the
    law asks is still heard."""
    events: list[Event] = []
    for item in found:
        hint = item if isinstance(item, LookUp) else _hint_for(machine, session, merchant.id, item)
        if hint is None and isinstance(item, Event):
            events.append(item)
        elif hint is not None and hint.ref and merchant.uninstalled_at is None:
            want(session, merchant.id, hint, inbound_id)
    if merchant.uninstalled_at is None:
        touched = records.remember(session, machine.vault, merchant, events, inbound_id)
        if plans:
            planning.plan(machine, session, merchant, touched, inbound_id)
    for event in events:
        _beyond_records(machine, session, merchant, event, inbound_id)


def want(session: Session, merchant_id: int, hint: LookUp, inbound_id: int | None = None) -> None:
    """Ask the shop about it, once, however often it is wanted meanwhile."""
    session.execute(
        insert(look_ups, session)
        .values(
            merchant_id=merchant_id,
            kind=hint.kind,
            ref=hint.ref,
            state="waiting",
            claim=0,
            attempts=0,
            wake_at=clock.now(),
            created_at=clock.now(),
            inbound_id=inbound_id,
        )
        .on_conflict_do_nothing()
    )


def _hint_for(machine: Machine, session: Session, merchant_id: int, event: Event) -> LookUp | None:
    """An event whose body names no shop reaches records only through an id
    that already belongs to the merchant; else the shop is asked."""
    hint: LookUp | None = None
    if event.proven:
        return hint
    match event:
        case ProductUpdated(product=product) if not _known(session, products, merchant_id, product.ref):
            hint = LookUp("product", product.ref)
        case StockChanged(variant_ref=ref) if not _known(session, variants, merchant_id, ref):
            hint = LookUp("variant", ref)
        case OrderEvent(order=order):
            hint = LookUp("order", order.ref)
        case CartUpdated(cart=cart):
            hint = LookUp("cart", cart.ref)
        case PersonChanged(contact=contact) | ConsentChanged(contact=contact):
            ref = contact.customer_ref or ""
            known = bool(ref) and _known_customer(machine, session, merchant_id, ref)
            hint = None if known else LookUp("customer", ref)
    return hint


def _known(session: Session, table: Any, merchant_id: int, ref: str) -> bool:
    found = select(table.c.id).where(table.c.merchant_id == merchant_id, table.c.ref == ref)
    return session.execute(found).scalar_one_or_none() is not None


def _known_customer(machine: Machine, session: Session, merchant_id: int, ref: str) -> bool:
    print_ = fingerprint(machine.vault, merchant_id, "customer", ref)
    found = select(addresses.c.id).where(
        addresses.c.merchant_id == merchant_id,
        addresses.c.channel == "customer",
        addresses.c.fingerprint == print_,
    )
    return session.execute(found).scalar_one_or_none() is not None


def _beyond_records(
    machine: Machine, session: Session, merchant: Merchant, event: Event, inbound_id: int | None
) -> None:
    """What concerns the connection or the law rather than a cart."""
    match event:
        case AppUninstalled():
            # The header that names the shop is unsigned: only a call with the
            # stored token that fails proves an uninstall.
            want(session, merchant.id, LookUp("installation", "app"), inbound_id)
        case AccessLost(why=why):
            privacy.needs_merchant(session, merchant.id, why, _received_at(session, inbound_id))
        case ErasureRequested(contact=contact, order_refs=refs):
            privacy.erase_people(machine, session, merchant, contact, refs)
            _empty(session, inbound_id)
        case DataRequested(contact=contact, order_refs=refs, request_ref=ref):
            data_requests.remember(machine.vault, session, merchant.id, ref, contact, refs)
            _empty(session, inbound_id)
        case ShopErasureRequested():
            if not privacy.ask_shop_erasure(machine, session, merchant):
                want(session, merchant.id, LookUp("installation", "app"), inbound_id)


def _received_at(session: Session, inbound_id: int | None) -> datetime | None:
    """What was told before she connected anew tells nothing of the access she gave."""
    told = select(inbound.c.received_at).where(inbound.c.id == inbound_id)
    return session.execute(told).scalar_one_or_none() if inbound_id is not None else None


def _empty(session: Session, inbound_id: int | None) -> None:
    """The body has done its part and may name somebody."""
    session.execute(update(inbound).where(inbound.c.id == inbound_id).values(body=None))


_SETTLE = Statement(
    update(inbound)
    .where(inbound.c.id == bindparam("which"), inbound.c.state == "new")
    .values(state=bindparam("into"), reason=bindparam("why"), handled_at=bindparam("at"))
)


def _settle(session: Session, inbound_id: int, reason: str | None) -> None:
    into = "unreadable" if reason else "done"
    values = {"which": inbound_id, "into": into, "why": reason, "at": clock.now()}
    _SETTLE.tell(session, values)
