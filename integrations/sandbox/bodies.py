"""The JSON of the sandbox shop: what it keeps, and what it sends."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from core.events import ConsentState, StockKind


def _in_utc(moment: datetime) -> datetime:
    if not 2000 <= moment.year < 2200:
        raise ValueError("no time of a shop's life")
    return moment.astimezone(UTC)


# PostgreSQL keeps no NUL in a text.
Text = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]
Ref = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Link = Annotated[str, StringConstraints(max_length=2000, pattern=r"^https?://[^\s\x00\"'<>]+$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Minor = Annotated[int, Field(ge=0, le=10**12)]
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class Body(BaseModel):
    """The base of all: whatever else stands in the JSON is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class ContactBody(Body):
    email: Text | None = None
    customer_ref: Ref | None = None
    first_name: Text | None = None
    locale: Text | None = None
    country: Text | None = None


class LineBody(Body):
    product_ref: Ref
    variant_ref: Ref
    title: Text
    variant_title: Text | None = None
    sku: Text | None = None
    quantity: Annotated[int, Field(ge=1, le=10_000)]
    price: Minor
    image_url: Link | None = None
    url: Link | None = None


class CartBody(Body):
    ref: Ref
    token: Ref
    started_at: Moment
    activity_at: Moment
    updated_at: Moment
    contact: ContactBody = ContactBody()
    currency: Currency
    total: Minor = 0
    lines: tuple[LineBody, ...] = ()
    url: Link | None = None
    completed_at: Moment | None = None
    test: bool = False


class OrderBody(Body):
    ref: Ref
    name: Text
    placed_at: Moment
    updated_at: Moment
    contact: ContactBody
    currency: Currency
    total: Minor
    net: Minor
    shipping: Minor = 0
    lines: tuple[LineBody, ...]
    cart_ref: Ref | None = None
    cart_token: Ref | None = None
    paid_at: Moment | None = None
    cancelled_at: Moment | None = None
    shipped_at: Moment | None = None
    delivered_at: Moment | None = None
    discount_codes: tuple[Text, ...] = ()
    test: bool = False


class ParcelBody(Body):
    """What a parcel's news says: which order, and when."""

    order_ref: Ref
    at: Moment


class StockBody(Body):
    kind: StockKind
    units: Annotated[int, Field(ge=0, le=10**9)] | None = None


class VariantBody(Body):
    ref: Ref
    title: Text
    title_de: Text
    sku: Text
    price: Minor
    stock: StockBody


class ProductBody(Body):
    ref: Ref
    title: Text
    title_de: Text
    about: Text = ""
    about_de: Text = ""
    updated_at: Moment
    published: bool = True
    currency: Currency
    variants: tuple[VariantBody, ...]
    url: Link
    image_url: Link
    kind: Text | None = None
    tags: tuple[Text, ...] = ()


class ConsentBody(Body):
    contact: ContactBody
    channel: Literal["email", "sms"] = "email"
    state: ConsentState
    at: Moment
    source: Text
    purpose: Text = "marketing"
    text: Text | None = None


class RedactBody(Body):
    contact: ContactBody = ContactBody()
    order_refs: tuple[Ref, ...] = ()


class CodeBody(Body):
    """A discount code; `value` is percent or minor units, as its kind says."""

    code: Ref
    kind: Literal["percent", "amount", "free_shipping"]
    value: Minor
    currency: Currency
    ends_at: Moment
    minimum: Minor = 0
    email: Text | None = None
    used_at: Moment | None = None


class CustomerBody(Body):
    """Somebody who has agreed to advertising in this shop, and when."""

    contact: ContactBody
    opted_in_at: Moment


class SwitchBody(Body):
    on: bool
