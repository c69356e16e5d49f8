"""The tables, a file per subject of the shop."""

from sqlmodel import SQLModel

# The names come before the first table.
from core.models import naming  # isort: split

from core.models.commerce import CartRow, LineRow, OrderRow, ProductRow, VariantRow
from core.models.inbox import Inbound, InboundPerson, LookUpRow
from core.models.mailbox import MailboxMessage
from core.models.merchants import (
    Connection,
    Heartbeat,
    Member,
    Merchant,
    RemoteHost,
    SettingsVersion,
    Work,
)
from core.models.people import Address, Consent, Person, Suppression
from core.models.sandbox import SandboxRecord
from core.models.shops import (
    Connecting,
    DataRequest,
    HookRow,
    LegalAct,
    LetterWish,
    MemberSession,
    Notice,
    ReadingRow,
    SignInLink,
)
from core.models.trips import Click, Decision, DiscountCode, Effect, Enrolment

metadata = SQLModel.metadata

__all__ = [
    "Address", "CartRow", "Click", "Connecting", "Connection", "Consent", "DataRequest", "Decision",
    "DiscountCode", "Effect", "Enrolment", "Heartbeat", "HookRow", "Inbound", "InboundPerson", "LegalAct",
    "LetterWish", "LineRow", "LookUpRow", "MailboxMessage", "Member", "MemberSession", "Merchant", "Notice",
    "OrderRow", "Person", "ProductRow", "ReadingRow", "RemoteHost", "SandboxRecord", "SettingsVersion",
    "SignInLink", "Suppression", "VariantRow", "Work", "metadata", "naming",
]  # fmt: skip
