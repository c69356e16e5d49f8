"""One subject that can't be read is told of in the log, and keeps none of the others from us."""

from collections.abc import Callable, Sequence

import structlog

from core.errors import Unreadable
from core.events import Event, LookUp
from integrations.roles import Access

log = structlog.get_logger()


def readable(
    access: Access, ref: str, read: Callable[[], Sequence[Event | LookUp]]
) -> Sequence[Event | LookUp]:
    try:
        return read()
    except Unreadable as error:
        log.warning("shop_told_unreadably", merchant_id=access.merchant_id, ref=ref, why=str(error))
        return ()
