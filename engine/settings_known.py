"""Settings as they were last read, kept until the merchant changes one.

Reading and checking them costs a question and, where her own words are long,
as much again. Her row, which is read anyway, says by its `settings_rev`
whether they still count.
"""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from threading import Lock

from sqlalchemy.orm import Session

from engine.shop_settings import Saved, ShopSettings, newest_settings
from flows.flow import Flow

# Whoever is busy right now; some kilobytes for each.
MOST = 200


@dataclass(frozen=True, slots=True)
class Settings:
    """The shop's settings and each flow's, at least as new as this revision."""

    rev: int
    shop: ShopSettings
    flows: Mapping[str, Saved]


class KnownSettings:
    """For the threads of one process and the flows of its registry."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: OrderedDict[int, Settings] = OrderedDict()

    def of(self, session: Session, merchant_id: int, rev: int, flows: Collection[Flow]) -> Settings:
        """What counts for the shop and in each of `flows`, all there are; `rev`
        was read by this very transaction."""
        with self._lock:
            known = self._known.get(merchant_id)
        if known is not None and known.rev == rev:
            return known
        return self._keep(merchant_id, Settings(rev, *newest_settings(session, merchant_id, flows)))

    def _keep(self, merchant_id: int, settings: Settings) -> Settings:
        with self._lock:
            self._known[merchant_id] = settings
            self._known.move_to_end(merchant_id)
            if len(self._known) > MOST:
                self._known.popitem(last=False)
        return settings
