"""What a merchant sets for the whole shop, and how any settings are read."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal, TypeVar

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from core.facts import Mode
from core.models.tables import settings_versions
from core.settings import FlowSettings, Option, Section, Settings, setting
from core.statements import Statement, one_of
from flows.flow import Flow

SHOP = "shop"
# A picture's address on the web: mail programs load nothing else.
PICTURE = r"^(https://[^\s<>\"@/]+\.[^\s<>\"@/]+(/[^\s<>\"]*)?)?$"
S = TypeVar("S", bound=Settings)


class ShopSettings(Settings):
    """Caps, quiet hours, consent and brand, for all flows together."""

    sender_name: str = setting(
        "",
        label="Sender's name",
        label_de="Name des Absenders",
        help="Left empty, your shop's name stands there.",
        help_de="Bleibt das Feld leer, steht dort der Name Ihres Shops.",
        kind="line",
        max_length=80,
    )
    reply_to: str = setting(
        "",
        label="Replies go to",
        label_de="Antworten gehen an",
        help="An address you read. Without one, the step that answers questions is sent as a plain reminder.",
        help_de="Eine Adresse, die Sie lesen. Ohne sie geht statt der Antworten auf Fragen"
        " eine einfache Erinnerung hinaus.",
        kind="email",
        max_length=254,
    )
    logo_url: str = setting(
        "",
        label="Logo",
        label_de="Logo",
        help="The https:// address of a picture; it is shown 40 pixels high. Left empty, your shop's name "
        "stands there.",
        help_de="Die https://-Adresse eines Bildes; es wird 40 Pixel hoch gezeigt. Bleibt das Feld leer, "
        "steht dort der Name Ihres Shops.",
        kind="link",
        pattern=PICTURE,
        max_length=500,
    )
    colour: str = setting("#1f6f54", label="Colour of buttons", label_de="Farbe der Knöpfe", kind="colour")
    imprint: str = setting(
        "",
        label="Imprint under every mail",
        label_de="Impressum unter jeder Mail",
        help="Your company's name and postal address.",
        help_de="Name und Anschrift Ihres Unternehmens.",
        kind="lines",
        max_length=600,
    )
    consent_policy: Literal["opted_in", "existing_customers", "platform"] = setting(
        "opted_in",
        label="Who may get advertising by e-mail",
        label_de="Wer Werbung per E-Mail erhalten darf",
        help="An objection always counts, whatever you choose. This is not legal advice.",
        help_de="Ein Widerspruch gilt immer, was Sie auch wählen. Dies ist keine Rechtsberatung.",
        kind="radio",
        options={
            "opted_in": Option(
                ("Opted-in only", "Nur wer zugestimmt hat"),
                (
                    "A yes to advertising from your shop is needed.",
                    "Nötig ist eine ausdrückliche Zustimmung zur Werbung Ihres Shops.",
                ),
            ),
            "existing_customers": Option(
                ("Opted-in and existing customers", "Wer zugestimmt hat, und Bestandskunden"),
                (
                    "Also people who paid for an order before and did not object (in Germany § 7 (3) UWG).",
                    "Auch wer schon eine Bestellung bezahlt und nicht widersprochen hat (§ 7 Abs. 3 UWG).",
                ),
            ),
            "platform": Option(
                ("As your shop platform says", "Wie Ihre Shop-Plattform es führt"),
                (
                    "Whoever your shop lists as a subscriber, and nobody else.",
                    "Wer in Ihrem Shop als Abonnent geführt wird, und sonst niemand.",
                ),
            ),
        },
    )
    cap_day: int = setting(
        1, label="Messages a day at most", label_de="Höchstens Nachrichten am Tag", ge=1, le=5
    )
    cap_week: int = setting(
        3, label="Messages a week at most", label_de="Höchstens Nachrichten pro Woche", ge=1, le=14
    )
    quiet_email: bool = setting(
        False,
        label="Quiet hours for e-mail",
        label_de="Ruhezeiten auch für E-Mail",
        help="What falls due meanwhile goes afterwards, if it still makes sense by then.",
        help_de="Was in dieser Zeit fällig wird, geht danach hinaus, wenn es dann noch sinnvoll ist.",
    )
    quiet_from: int = setting(20, label="Quiet from", label_de="Ruhe ab", kind="hour", ge=0, le=23)
    quiet_until: int = setting(8, label="Quiet until", label_de="Ruhe bis", kind="hour", ge=0, le=23)
    sections: ClassVar[tuple[Section, ...]] = (
        Section(
            "senders",
            ("Who writes", "Wer schreibt"),
            ("sender_name", "reply_to"),
        ),
        Section("brand", ("How it looks", "Wie es aussieht"), ("logo_url", "colour", "imprint")),
        Section("consent", ("Consent", "Einwilligung"), ("consent_policy",)),
        Section(
            "caps",
            ("How often", "Wie oft"),
            ("cap_day", "cap_week"),
            (
                "For each person, across all flows. A day is one where the person lives, if known.",
                "Je Person, über alle Abläufe hinweg. Es zählt der Tag am Wohnort, soweit bekannt.",
            ),
        ),
        Section(
            "quiet",
            ("Quiet hours", "Ruhezeiten"),
            ("quiet_email", "quiet_from", "quiet_until"),
            (
                "By the clock where the person lives, if known; else by your shop's.",
                "Nach der Uhr am Wohnort der Person, soweit bekannt; sonst nach der Ihres Shops.",
            ),
        ),
    )


@dataclass(frozen=True, slots=True)
class Saved:
    """One saved version of a flow's settings and its mode."""

    version: int
    mode: Mode
    settings: FlowSettings
    live_since: datetime | None


def shop_settings(session: Session, merchant_id: int) -> ShopSettings:
    return newest_settings(session, merchant_id, ())[0]


def flow_settings(session: Session, merchant_id: int, flow: Flow) -> Saved:
    """What counts now; off with the flow's defaults where nothing was saved."""
    return newest_settings(session, merchant_id, (flow,))[1][flow.key]


def newest_settings(
    session: Session, merchant_id: int, flows: Collection[Flow]
) -> tuple[ShopSettings, dict[str, Saved]]:
    """What counts now for the shop and in each of these flows."""
    wanted = {"whose": merchant_id, "scopes": [SHOP, *(flow.key for flow in flows)]}
    rows = {row.scope: row for row in _NEWEST.records(session, wanted)}
    shop = read_as(ShopSettings, rows[SHOP].data if SHOP in rows else {})
    return shop, {flow.key: _saved(flow, rows.get(flow.key)) for flow in flows}


def settings_at(session: Session, merchant_id: int, flow: Flow, version: int) -> FlowSettings:
    """The settings of an earlier version, for trips that began with it."""
    return read_as(flow.Settings, _data_at(session, merchant_id, flow.key, version))


def shop_settings_at(session: Session, merchant_id: int, version: int) -> ShopSettings:
    return read_as(ShopSettings, _data_at(session, merchant_id, SHOP, version))


def shop_version(session: Session, merchant_id: int) -> int:
    """The version of the shop's settings that counts; 0 before the first save."""
    mine = (settings_versions.c.merchant_id == merchant_id, settings_versions.c.scope == SHOP)
    newest = session.execute(select(func.max(settings_versions.c.version)).where(*mine)).scalar_one()
    return int(newest or 0)


def _data_at(session: Session, merchant_id: int, scope: str, version: int) -> Mapping[str, Any]:
    """What was saved then; nothing before the first save."""
    data = session.execute(
        select(settings_versions.c.data).where(
            settings_versions.c.merchant_id == merchant_id,
            settings_versions.c.scope == scope,
            settings_versions.c.version == version,
        )
    ).scalar_one_or_none()
    return data or {}


_LATER = settings_versions.alias()
_NEWEST = Statement(
    select(
        settings_versions.c.scope,
        settings_versions.c.version,
        settings_versions.c.mode,
        settings_versions.c.data,
        settings_versions.c.live_since,
    ).where(
        settings_versions.c.merchant_id == bindparam("whose"),
        one_of(settings_versions.c.scope, "scopes"),
        settings_versions.c.version
        == select(func.max(_LATER.c.version))
        .where(
            _LATER.c.merchant_id == settings_versions.c.merchant_id,
            _LATER.c.scope == settings_versions.c.scope,
        )
        .scalar_subquery(),
    )
)


def _saved(flow: Flow, row: Any | None) -> Saved:
    if row is None:
        return Saved(0, "off", flow.Settings(), None)
    return Saved(row.version, row.mode, read_as(flow.Settings, row.data), row.live_since)


def read_as(kind: type[S], data: Mapping[str, Any]) -> S:
    """What was saved; a field that no longer exists is passed over."""
    return kind.model_validate({name: value for name, value in data.items() if name in kind.model_fields})
