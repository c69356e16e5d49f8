"""What a merchant sets for the whole shop, and how any settings are read."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from core.facts import Mode
from core.models.tables import settings_versions
from core.settings import FlowSettings, Settings, setting
from flows.flow import Flow

SHOP = "shop"
ONE_LINE = r"^[^\r\n]*$"
# A picture's address on the web: mail programs load nothing else.
PICTURE = r"^(https://[^\s<>\"@/]+\.[^\s<>\"@/]+(/[^\s<>\"]*)?)?$"
ADDRESS = r"^([^@\s<>]+@[^@\s<>]+)?$"
S = TypeVar("S", bound=Settings)


class ShopSettings(Settings):
    """Caps, quiet hours, consent and brand, for all flows together."""

    consent_policy: Literal["opted_in", "existing_customers", "platform"] = setting(
        "opted_in",
        label="Who may get advertising by e-mail",
        label_de="Wer Werbung per E-Mail erhalten darf",
        help="This is not legal advice.",
        help_de="Dies ist keine Rechtsberatung.",
    )
    cap_day: int = setting(
        1, label="Messages a day at most", label_de="Höchstens Nachrichten am Tag", ge=1, le=5
    )
    cap_week: int = setting(
        3, label="Messages a week at most", label_de="Höchstens Nachrichten pro Woche", ge=1, le=14
    )
    quiet_email: bool = setting(False, label="Quiet hours for e-mail", label_de="Ruhezeiten auch für E-Mail")
    quiet_from: int = setting(20, label="Quiet from", label_de="Ruhe ab", unit=":00", ge=0, le=23)
    quiet_until: int = setting(8, label="Quiet until", label_de="Ruhe bis", unit=":00", ge=0, le=23)
    sender_name: str = setting(
        "", label="Sender's name", label_de="Name des Absenders", pattern=r"^[^\r\n]*$", max_length=80
    )
    reply_to: str = setting(
        "",
        label="Replies go to",
        label_de="Antworten gehen an",
        pattern=r"^([^@\s<>]+@[^@\s<>]+)?$",
        max_length=254,
    )
    imprint: str = setting(
        "", label="Imprint under every mail", label_de="Impressum unter jeder Mail", max_length=600
    )
    colour: str = setting(
        "#1f6f54", label="Colour of buttons", label_de="Farbe der Knöpfe", pattern=r"^#[0-9a-fA-F]{6}$"
    )
    logo_url: str = setting(
        "",
        label="Logo",
        label_de="Logo",
        help="The address of a picture, beginning with https://; it is shown 40 pixels high.",
        help_de="Die Adresse eines Bildes, mit https:// am Anfang; es wird 40 Pixel hoch gezeigt.",
        pattern=PICTURE,
        max_length=500,
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
    rows = {row.scope: row for row in session.connection().execute(_NEWEST, wanted)}
    shop = _read(ShopSettings, rows[SHOP].data if SHOP in rows else {})
    return shop, {flow.key: _saved(flow, rows.get(flow.key)) for flow in flows}


def settings_at(session: Session, merchant_id: int, flow: Flow, version: int) -> FlowSettings:
    """The settings of an earlier version, for trips that began with it."""
    data = session.execute(
        select(settings_versions.c.data).where(
            settings_versions.c.merchant_id == merchant_id,
            settings_versions.c.scope == flow.key,
            settings_versions.c.version == version,
        )
    ).scalar_one_or_none()
    return _read(flow.Settings, data or {})


_LATER = settings_versions.alias()
_NEWEST = select(
    settings_versions.c.scope,
    settings_versions.c.version,
    settings_versions.c.mode,
    settings_versions.c.data,
    settings_versions.c.live_since,
).where(
    settings_versions.c.merchant_id == bindparam("whose"),
    settings_versions.c.scope.in_(bindparam("scopes", expanding=True)),
    settings_versions.c.version
    == select(func.max(_LATER.c.version))
    .where(
        _LATER.c.merchant_id == settings_versions.c.merchant_id, _LATER.c.scope == settings_versions.c.scope
    )
    .scalar_subquery(),
)


def _saved(flow: Flow, row: Any | None) -> Saved:
    if row is None:
        return Saved(0, "off", flow.Settings(), None)
    return Saved(row.version, row.mode, _read(flow.Settings, row.data), row.live_since)


def _read(kind: type[S], data: Mapping[str, Any]) -> S:
    """What was saved; a field that no longer exists is passed over."""
    return kind.model_validate({name: value for name, value in data.items() if name in kind.model_fields})
