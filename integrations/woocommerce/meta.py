"""What others have noted on a WooCommerce order: our own plugin, and plugins that follow parcels."""

from collections.abc import Iterator
from datetime import UTC, datetime

from integrations.payload import YEARS, Payload
from integrations.woocommerce.reports import META, PREFIX

# WooCommerce Shipment Tracking and Advanced Shipment Tracking keep the same list under the same name.
PARCELS = "_wc_shipment_tracking_items"
OLDEST = datetime(YEARS.start, 1, 1, tzinfo=UTC).timestamp()
NEWEST = datetime(YEARS.stop - 1, 1, 1, tzinfo=UTC).timestamp()


def cart_token(order: Payload) -> str | None:
    """The cart that our plugin reported and that this order was."""
    noted = next(_noted(order, META), None)
    ref = noted.text_or_none("value") if noted is not None and noted.is_text("value") else None
    return f"{PREFIX}{ref}" if ref else None


def shipped_at(order: Payload) -> datetime | None:
    """When the first parcel left. What such a plugin leaves out or misspells is left alone."""
    dates = [
        at for noted in _noted(order, PARCELS) for parcel in noted.objects("value") if (at := _at(parcel))
    ]
    return min(dates, default=None)


def _noted(order: Payload, key: str) -> Iterator[Payload]:
    return (one for one in order.objects("meta_data") if one.says("key", key))


def _at(parcel: Payload) -> datetime | None:
    """Seconds since 1970, written as text or as a number."""
    seconds = parcel.digits("date_shipped")
    if seconds is None or not OLDEST < seconds < NEWEST:
        return None
    return datetime.fromtimestamp(seconds, UTC)
