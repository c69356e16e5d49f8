"""The same tables for statements: `effects.c.state` where a row is not needed."""

from typing import cast

from sqlalchemy import Table
from sqlmodel import SQLModel

from core import models


def _table(model: type[SQLModel]) -> Table:
    return cast(Table, model.__table__)  # type: ignore[attr-defined]


addresses = _table(models.Address)
bounces = _table(models.Bounce)
carts = _table(models.CartRow)
clicks = _table(models.Click)
companions = _table(models.CompanionRow)
connecting = _table(models.Connecting)
connections = _table(models.Connection)
consents = _table(models.Consent)
counted_days = _table(models.CountedDays)
daily_figures = _table(models.DailyFigures)
daily_takings = _table(models.DailyTakings)
data_acts = _table(models.DataAct)
data_requests = _table(models.DataRequest)
decisions = _table(models.Decision)
discount_codes = _table(models.DiscountCode)
effects = _table(models.Effect)
enrolments = _table(models.Enrolment)
exchanges = _table(models.Exchange)
flow_pauses = _table(models.FlowPause)
heartbeats = _table(models.Heartbeat)
hooks = _table(models.HookRow)
inbound = _table(models.Inbound)
inbound_people = _table(models.InboundPerson)
late_days = _table(models.LateDay)
legal_acts = _table(models.LegalAct)
letter_wishes = _table(models.LetterWish)
lines = _table(models.LineRow)
look_backs = _table(models.LookBack)
look_ups = _table(models.LookUpRow)
mail_days = _table(models.MailDay)
mail_servers = _table(models.MailServerAccount)
mailbox_messages = _table(models.MailboxMessage)
member_sessions = _table(models.MemberSession)
members = _table(models.Member)
merchants = _table(models.Merchant)
notices = _table(models.Notice)
orders = _table(models.OrderRow)
people = _table(models.Person)
products = _table(models.ProductRow)
readings = _table(models.ReadingRow)
remote_hosts = _table(models.RemoteHost)
restocks = _table(models.Restock)
sandbox_records = _table(models.SandboxRecord)
sender_addresses = _table(models.SenderAddress)
settings_versions = _table(models.SettingsVersion)
shop_views = _table(models.ShopView)
sign_in_links = _table(models.SignInLink)
sign_up_letters = _table(models.SignUpLetter)
sign_ups = _table(models.SignUp)
spent_proofs = _table(models.SpentProof)
summaries = _table(models.Summary)
summary_wishes = _table(models.SummaryWish)
suppressions = _table(models.Suppression)
tallies = _table(models.Tally)
trial_mails = _table(models.TrialMail)
variants = _table(models.VariantRow)
work = _table(models.Work)
