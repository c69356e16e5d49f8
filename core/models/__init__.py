"""The tables, a file per subject of the shop."""

from sqlmodel import SQLModel

# Stable names for constraints let migrations find them on both databases.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

from core.models.commerce import CartRow, LineRow, OrderRow, ProductRow, VariantRow  # noqa: E402
from core.models.inbox import Inbound, InboundPerson, LookUpRow  # noqa: E402
from core.models.mailbox import MailboxMessage  # noqa: E402
from core.models.merchants import (  # noqa: E402
    Connection,
    Heartbeat,
    Member,
    Merchant,
    RemoteHost,
    SettingsVersion,
    Work,
)
from core.models.people import Address, Consent, Person, Suppression  # noqa: E402
from core.models.sandbox import SandboxRecord  # noqa: E402
from core.models.trips import Click, Decision, DiscountCode, Effect, Enrolment  # noqa: E402

metadata = SQLModel.metadata

__all__ = [
    "Address", "CartRow", "Click", "Connection", "Consent", "Decision", "DiscountCode", "Effect",
    "Enrolment", "Heartbeat", "Inbound", "InboundPerson", "LineRow", "LookUpRow", "MailboxMessage",
    "Member", "Merchant", "OrderRow", "Person", "ProductRow", "RemoteHost", "SandboxRecord",
    "SettingsVersion", "Suppression", "VariantRow", "Work", "metadata",
]  # fmt: skip
