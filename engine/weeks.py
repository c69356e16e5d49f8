"""What a week came to in each flow, and what needs the merchant: plain figures, as on the overview."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from core.models import Merchant
from engine import daily, notices
from engine.figures import Figures
from engine.notice_letters import title_of
from engine.shop_settings import newest_settings
from flows.flow import Flow


@dataclass(frozen=True, slots=True)
class OfFlow:
    """One flow's week. In shadow the figures are those of its shadow."""

    title: str
    mode: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Week:
    """From Monday to Sunday by the shop's calendar; `needs` are titles."""

    first: date
    language: str
    flows: tuple[OfFlow, ...]
    needs: tuple[str, ...]

    @property
    def last(self) -> date:
        return self.first + timedelta(days=6)


def of(session: Session, merchant: Merchant, flows: Mapping[str, Flow], first: date, language: str) -> Week:
    told = daily.between(session, merchant, flows, first, first + timedelta(days=6))
    _, saved = newest_settings(session, merchant.id, tuple(flows.values()))
    each = tuple(_of_flow(flow, saved[key].mode, told, language) for key, flow in flows.items())
    rows = notices.open_notices(session, merchant.id)
    return Week(first, language, each, tuple(title_of(merchant, row, language) for row in rows))


def _of_flow(flow: Flow, mode: str, told: daily.Told, language: str) -> OfFlow:
    """One that was switched off on Sunday has had its week all the same."""
    live = told.of(flow.key)
    counted = live if mode != "shadow" or live.due else told.of(flow.key, "shadow")
    shadow = mode == "shadow" and counted is not live
    return OfFlow(flow.title[language == "de"], "shadow" if shadow else mode, counted)
