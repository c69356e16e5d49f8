"""Where a search finds no decision: what is known of whom it names, and what was never heard of."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.models import Merchant
from core.models.tables import addresses, carts, orders, products, sign_ups, variants
from engine import waitlist
from web.filters import address_of, is_print, order_named
from web.i18n import gettext as _
from web.i18n import moment
from web.pages import reason


def said(session: Session, merchant: Merchant, search: str) -> list[str]:
    """One sentence after the other, the plainest first."""
    if is_print(search):
        return _of_address(session, merchant, search)
    return _of_order(session, merchant, search)


def _of_address(session: Session, merchant: Merchant, print_: str) -> list[str]:
    found = select(addresses.c.person_id).where(address_of(merchant.id, print_))
    person_id = session.execute(found).scalar_one_or_none()
    if person_id is None:
        return [_("We have never heard of this address, so nothing could be planned for it."), _likely()]
    return _of_person(session, merchant, person_id)


def _of_person(session: Session, merchant: Merchant, person_id: int) -> list[str]:
    waited = _of_lines(session, merchant, person_id)
    if waited:
        return waited
    mine = (carts.c.merchant_id == merchant.id, carts.c.person_id == person_id)
    left = session.execute(select(func.max(carts.c.activity_at)).where(*mine)).scalar_one()
    if left is not None:
        at = moment(left, merchant.timezone)
        return [
            _("The newest cart we know of this person was touched %(time)s.", time=at),
            _("Nothing was decided about it: no flow was on then, or your shop was not connected yet."),
        ]
    return [_("We know this person, but we have never heard of a cart of theirs."), _likely()]


def _of_lines(session: Session, merchant: Merchant, person_id: int) -> list[str]:
    """What became of each wish to be told; at most the last three."""
    columns = (sign_ups, variants.c.title, products.c.title.label("product_title"))
    found = (
        select(*columns)
        .join(variants, variants.c.id == sign_ups.c.variant_id)
        .join(products, products.c.id == variants.c.product_id)
        .where(sign_ups.c.merchant_id == merchant.id, sign_ups.c.person_id == person_id)
        .order_by(sign_ups.c.id.desc())
        .limit(3)
    )
    return [_of_wish(session, merchant, row) for row in session.execute(found)]


def _of_wish(session: Session, merchant: Merchant, row: Any) -> str:
    told = {"product": waitlist.name_of(row), "time": moment(row.place_at, merchant.timezone)}
    if row.state == "unconfirmed":
        return _("The person signed up for %(product)s %(time)s and has not confirmed it yet.", **told)
    if row.state == "waiting":
        place = waitlist.place_of(session, row)
        return _(
            "The person waits for %(product)s since %(time)s, as number %(place)s in line."
            " Once it is back, what was decided stands here.",
            **told,
            place=place,
        )
    why = reason(row.reason) if row.reason else ""
    return _("The person waited for %(product)s since %(time)s. That is over.", **told) + f" {why}".rstrip()


def _of_order(session: Session, merchant: Merchant, search: str) -> list[str]:
    found = select(orders).where(order_named(merchant.id, search)).limit(1)
    order = session.execute(found).one_or_none()
    if order is None:
        return [_("We have never heard of an order with this number.")]
    at = moment(order.placed_at, merchant.timezone)
    told = [_("Order %(name)s was placed %(time)s.", name=order.name, time=at)]
    if order.person_id is None:
        return [*told, _("It names nobody whom we could write to.")]
    return told + _of_person(session, merchant, order.person_id)


def _likely() -> str:
    """Why a shop tells nothing of somebody who was in it."""
    return _(
        "A shop tells of a cart only once an address has been typed in it. If that was done, see under"
        " “Connection” whether your shop's webhooks arrive."
    )
