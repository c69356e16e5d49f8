"""Whose mail an unsubscribe link is about, as its page shows it."""

from dataclasses import dataclass

from sqlalchemy import select

from core.db import reading
from core.models import Merchant
from core.models.tables import addresses
from engine.links import Unsubscribe
from engine.machine import Machine
from engine.shop_settings import shop_settings


@dataclass(frozen=True, slots=True)
class Recipient:
    """`masked` is enough to know one's own address by and too little to use."""

    merchant: Merchant
    shop: str
    masked: str


def recipient(machine: Machine, asked: Unsubscribe) -> Recipient | None:
    """None where the address is not, or no longer, known to this merchant."""
    wanted = select(addresses.c.masked).where(
        addresses.c.merchant_id == asked.merchant_id, addresses.c.id == asked.address_id
    )
    with reading(machine.db) as session:
        masked = session.execute(wanted).scalar_one_or_none()
        if masked is None:
            return None
        merchant = session.get_one(Merchant, asked.merchant_id)
        shop = shop_settings(session, asked.merchant_id).sender_name or merchant.name
    return Recipient(merchant, shop, masked)
