"""Reads the sandbox shop's JSON and says in our words what happened."""

from collections.abc import Callable

from pydantic import ValidationError

from core import events
from core.errors import Unreadable
from core.money import Money
from integrations.sandbox.bodies import (
    Body,
    CartBody,
    ConsentBody,
    ContactBody,
    LineBody,
    OrderBody,
    ParcelBody,
    ProductBody,
    RedactBody,
    StockBody,
)


class _Named(Body):
    """The topic stands in the signed body too, since headers are unsigned."""

    topic: str


def read(topic: str, body: bytes) -> list[events.Event | events.LookUp]:
    """The events of one webhook; none where the topic is unknown."""
    reader = _READERS.get(topic)
    if reader is None:
        return []
    try:
        if _Named.model_validate_json(body).topic != topic:
            raise Unreadable(f"{topic}: the body names another topic")
        return [reader(body)]
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        raise Unreadable(f"{topic}: {where or 'no JSON object'} is not as promised") from error


def cart(body: CartBody) -> events.Cart:
    return events.Cart(
        ref=body.ref,
        started_at=body.started_at,
        activity_at=body.activity_at,
        updated_at=body.updated_at,
        contact=contact(body.contact),
        total=Money(body.total, body.currency),
        lines=_lines(body.lines, body.currency),
        token=body.token,
        url=body.url,
        completed_at=body.completed_at,
        test=body.test,
    )


def order(body: OrderBody) -> events.Order:
    return events.Order(
        ref=body.ref,
        name=body.name,
        placed_at=body.placed_at,
        updated_at=body.updated_at,
        contact=contact(body.contact),
        total=Money(body.total, body.currency),
        net=Money(body.net, body.currency),
        bought=body.cancelled_at is None and not body.test,
        lines=_lines(body.lines, body.currency),
        cart_ref=body.cart_ref,
        cart_token=body.cart_token,
        paid_at=body.paid_at,
        cancelled_at=body.cancelled_at,
        discount_codes=body.discount_codes,
        test=body.test,
    )


def product(body: ProductBody) -> events.Product:
    return events.Product(
        ref=body.ref,
        title=body.title,
        updated_at=body.updated_at,
        published=body.published,
        variants=tuple(
            events.Variant(v.ref, v.title, Money(v.price, body.currency), v.sku, stock(v.stock))
            for v in body.variants
        ),
        url=body.url,
        image_url=body.image_url,
        kind=body.kind,
        tags=body.tags,
    )


def contact(body: ContactBody) -> events.Contact:
    return events.Contact(
        email=body.email,
        customer_ref=body.customer_ref,
        first_name=body.first_name,
        locale=body.locale,
        country=body.country,
    )


def stock(body: StockBody) -> events.Stock:
    return events.Stock(body.kind, body.units)


def consent(body: ConsentBody) -> events.ConsentChanged:
    return events.ConsentChanged(
        contact(body.contact), body.channel, body.state, body.at, body.source, body.purpose, body.text
    )


def _lines(lines: tuple[LineBody, ...], currency: str) -> tuple[events.Line, ...]:
    return tuple(_line(line, currency) for line in lines)


def _line(line: LineBody, currency: str) -> events.Line:
    return events.Line(
        product_ref=line.product_ref,
        variant_ref=line.variant_ref,
        title=line.title,
        quantity=line.quantity,
        price=Money(line.price, currency),
        variant_title=line.variant_title,
        sku=line.sku,
        image_url=line.image_url,
        url=line.url,
    )


def _cart_updated(body: bytes) -> events.Event:
    return events.CartUpdated(cart(CartBody.model_validate_json(body)))


def _orders(kind: Callable[[events.Order], events.Event]) -> Callable[[bytes], events.Event]:
    return lambda body: kind(order(OrderBody.model_validate_json(body)))


def _order_shipped(body: bytes) -> events.Event:
    parcel = ParcelBody.model_validate_json(body)
    return events.OrderShipped(parcel.order_ref, parcel.at)


def _order_delivered(body: bytes) -> events.Event:
    parcel = ParcelBody.model_validate_json(body)
    return events.OrderDelivered(parcel.order_ref, parcel.at)


def _product_updated(body: bytes) -> events.Event:
    return events.ProductUpdated(product(ProductBody.model_validate_json(body)))


def _consent_changed(body: bytes) -> events.Event:
    return consent(ConsentBody.model_validate_json(body))


def _customer_redact(body: bytes) -> events.Event:
    redact = RedactBody.model_validate_json(body)
    return events.ErasureRequested(contact(redact.contact), redact.order_refs)


_READERS: dict[str, Callable[[bytes], events.Event]] = {
    "cart.updated": _cart_updated,
    "order.placed": _orders(events.OrderPlaced),
    "order.paid": _orders(events.OrderPaid),
    "order.cancelled": _orders(events.OrderCancelled),
    "order.shipped": _order_shipped,
    "order.delivered": _order_delivered,
    "product.updated": _product_updated,
    "consent.changed": _consent_changed,
    "customer.redact": _customer_redact,
    "shop.redact": lambda _body: events.ShopErasureRequested(),
    "app.uninstalled": lambda _body: events.AppUninstalled(),
}
