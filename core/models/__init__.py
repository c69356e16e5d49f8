"""The tables, a file per subject of the shop."""

from sqlmodel import SQLModel

# The names come before the first table.
from core.models import naming  # isort: split

from core.models.commerce import CartRow, LineRow, OrderRow, ProductRow, VariantRow
from core.models.companions import CompanionRow, SpentProof
from core.models.data_acts import DataAct
from core.models.figures import CountedDays, DailyFigures, DailyTakings, LateDay
from core.models.inbox import Inbound, InboundPerson, LookUpRow
from core.models.look_backs import LookBack
from core.models.mailbox import MailboxMessage
from core.models.merchants import (
    Connection,
    Heartbeat,
    Member,
    Merchant,
    RemoteHost,
    SettingsVersion,
    TrialMail,
    Work,
)
from core.models.people import Address, Bounce, Consent, Person, Suppression
from core.models.sandbox import SandboxRecord
from core.models.sending import FlowPause, MailDay, MailServerAccount, SenderAddress
from core.models.shop_views import ShopView
from core.models.shops import (
    Connecting,
    DataRequest,
    Exchange,
    HookRow,
    LegalAct,
    LetterWish,
    MemberSession,
    Notice,
    ReadingRow,
    SignInLink,
)
from core.models.sign_ups import SignUpLetter, Tally
from core.models.summaries import Summary, SummaryWish
from core.models.trips import Click, Decision, DiscountCode, Effect, Enrolment
from core.models.waitlist import Restock, SignUp

metadata = SQLModel.metadata

__all__ = [
    "Address", "Bounce", "CartRow", "Click", "CompanionRow", "Connecting", "Connection", "Consent",
    "CountedDays", "DailyFigures", "DailyTakings", "DataAct", "DataRequest", "Decision", "DiscountCode",
    "Effect", "Enrolment", "Exchange", "FlowPause", "Heartbeat", "HookRow", "Inbound", "InboundPerson",
    "LateDay", "LegalAct", "LetterWish", "LineRow", "LookBack", "LookUpRow", "MailDay",
    "MailServerAccount", "MailboxMessage", "Member", "MemberSession", "Merchant", "Notice", "OrderRow",
    "Person", "ProductRow", "ReadingRow", "RemoteHost", "Restock", "SandboxRecord", "SenderAddress",
    "SettingsVersion", "ShopView", "SignInLink", "SignUp", "SignUpLetter", "SpentProof", "Summary",
    "SummaryWish", "Suppression", "Tally", "TrialMail", "VariantRow", "Work", "metadata", "naming",
]  # fmt: skip
