"""What an app may change here. A refusal is a userError in the data, not an error."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.fakes.shopify import nodes, people_bodies
from tests.fakes.shopify.asking import Asking, number_in
from tests.fakes.shopify.discounts import bulk_creation, code_discount_node
from tests.fakes.shopify.memory import GONE, TAKEN
from tests.fakes.shopify.pages import Node
from tests.fakes.shopify.people_nodes import customer_node
from tests.fakes.shopify.records import BulkCreation, Customer, Discount, Job, Subscription
from tests.fakes.shopify.search import Search

Args = dict[str, Any]
Mutation = Callable[[Asking, Args], Node]
SETTABLE = ("SUBSCRIBED", "UNSUBSCRIBED", "PENDING")


def refusal(field: list[str], message: str, code: str | None = None) -> Node:
    return {"field": field, "message": message, "code": code}


def _basic(asking: Asking, args: Args) -> Node:
    given = args["basicCodeDiscount"]
    errors = _faults_of(asking, given, "basicCodeDiscount") + _value_faults(given)
    if errors:
        return {"codeDiscountNode": None, "userErrors": errors}
    value = (given.get("customerGets") or {}).get("value") or {}
    amount = value.get("discountAmount") or {}
    made = _made(asking, given, "amount" if amount else "percentage")
    made.percentage = value.get("percentage")
    made.amount = Decimal(amount["amount"]) if amount else None
    made.each_item = bool(amount.get("appliesOnEachItem"))
    return {"codeDiscountNode": code_discount_node(asking.shop, made), "userErrors": []}


def _free_shipping(asking: Asking, args: Args) -> Node:
    given = args["freeShippingCodeDiscount"]
    errors = _faults_of(asking, given, "freeShippingCodeDiscount")
    if not given.get("destination"):
        errors.append(
            refusal(["freeShippingCodeDiscount", "destination"], "Destination can't be blank", "BLANK")
        )
    if errors:
        return {"codeDiscountNode": None, "userErrors": errors}
    made = _made(asking, given, "free_shipping")
    return {"codeDiscountNode": code_discount_node(asking.shop, made), "userErrors": []}


def _faults_of(asking: Asking, given: Args, root: str) -> list[Node]:
    errors = [
        refusal([root, key], f"{label} can't be blank", "BLANK")
        for key, label in (("title", "Title"), ("code", "Code"), ("startsAt", "Starts at"))
        if not given.get(key)
    ]
    if given.get("code") and asking.shop.find_code(given["code"]):
        errors.append(refusal([root, "code"], TAKEN, "TAKEN"))
    context = given.get("context")
    if context is not None and len([one for one in context.values() if one is not None]) != 1:
        errors.append(refusal([root, "context"], "Exactly one context is needed", "INVALID"))
    if context is None and given.get("customerSelection") is None:
        errors.append(refusal([root, "context"], "Context can't be blank", "BLANK"))
    if (
        given.get("startsAt")
        and given.get("endsAt")
        and _moment(given["endsAt"]) <= _moment(given["startsAt"])
    ):
        errors.append(
            refusal([root, "endsAt"], "Ends at needs to be after starts_at", "END_DATE_BEFORE_START_DATE")
        )
    return errors


def _value_faults(given: Args) -> list[Node]:
    """A percentage is a share between 0 and 1: ten per cent is 0.1."""
    path = ["basicCodeDiscount", "customerGets"]
    gets = given.get("customerGets") or {}
    value, items = gets.get("value") or {}, gets.get("items") or {}
    errors = []
    if len([one for one in value.values() if one is not None]) != 1:
        errors.append(refusal([*path, "value"], "Exactly one value is needed", "INVALID"))
    if not any(items.values()):
        errors.append(refusal([*path, "items"], "Items can't be blank", "BLANK"))
    percentage = value.get("percentage")
    if percentage is not None and not 0 < percentage <= 1:
        message = "Value must be between 0.0 and 1.0"
        errors.append(refusal([*path, "value", "percentage"], message, "VALUE_OUTSIDE_RANGE"))
    return errors


def _made(asking: Asking, given: Args, kind: Any) -> Discount:
    shop = asking.shop
    minimum = ((given.get("minimumRequirement") or {}).get("subtotal") or {}).get(
        "greaterThanOrEqualToSubtotal"
    )
    made = Discount(
        number=shop.number(),
        created_at=shop.moment(),
        updated_at=shop.moment(),
        kind=kind,
        title=given["title"],
        starts_at=_moment(given["startsAt"]),
        ends_at=_moment(given["endsAt"]) if given.get("endsAt") else None,
        minimum=Decimal(minimum) if minimum is not None else None,
        usage_limit=given.get("usageLimit"),
        once_per_customer=bool(given.get("appliesOncePerCustomer")),
    )
    shop.discounts[made.number] = made
    shop.add_code(made, given["code"])
    return made


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _bulk_add(asking: Asking, args: Args) -> Node:
    """Queued now, made later: only a later look says done."""
    shop = asking.shop
    discount = shop.discounts.get(number_in(args["discountId"], "DiscountCodeNode"))
    if discount is None:
        return {"bulkCreation": None, "userErrors": [refusal(["discountId"], GONE, "INVALID")]}
    creation = BulkCreation(
        number=shop.number(),
        discount=discount,
        wanted=[one["code"] for one in args["codes"]],
        created_at=shop.moment(),
        calls_left=shop.queue_calls,
    )
    shop.bulk[creation.number] = creation
    return {"bulkCreation": bulk_creation(shop, creation), "userErrors": []}


def _delete(asking: Asking, args: Args) -> Node:
    gone = asking.shop.discounts.pop(number_in(args["id"], "DiscountCodeNode"), None)
    if gone is None:
        return {"deletedCodeDiscountId": None, "userErrors": [refusal(["id"], GONE, "INVALID")]}
    return {"deletedCodeDiscountId": args["id"], "userErrors": []}


def _bulk_delete(asking: Asking, args: Args) -> Node:
    """The codes of a discount, chosen by id or by search; asynchronous too."""
    shop = asking.shop
    discount = shop.discounts.get(number_in(args["discountId"], "DiscountCodeNode"))
    if discount is None:
        return {"job": None, "userErrors": [refusal(["discountId"], GONE, "INVALID")]}
    chosen = [args.get("ids"), args.get("search"), args.get("savedSearchId")]
    if len([one for one in chosen if one]) != 1:
        message = "Exactly one of ids, search and savedSearchId is needed"
        return {"job": None, "userErrors": [refusal(["ids"], message, "MISSING_ARGUMENT")]}
    number = shop.number()
    shop.jobs[number] = Job(
        number=number,
        created_at=shop.moment(),
        calls_left=shop.queue_calls,
        work=lambda: _remove(asking, discount, args),
    )
    return {"job": {"__typename": "Job", "id": nodes.gid("Job", number), "done": False}, "userErrors": []}


def _remove(asking: Asking, discount: Discount, args: Args) -> None:
    if args.get("ids"):
        numbers = {number_in(one, "DiscountRedeemCode") for one in args["ids"]}
        discount.codes = [one for one in discount.codes if one.number not in numbers]
    else:
        search = Search(args["search"], {"code": "text", "id": "id"})
        discount.codes = [
            one
            for one in discount.codes
            if not search.matches(
                {"code": one.code, "id": one.number, "default": one.code}, asking.shop.now()
            )
        ]
    asking.shop.changed(discount)


def _pixel_create(asking: Asking, args: Args) -> Node:
    if asking.shop.pixel is not None:
        return {"webPixel": None, "userErrors": [refusal(["webPixel"], TAKEN, "TAKEN")]}
    asking.shop.pixel = (asking.shop.number(), args["webPixel"]["settings"])
    return {"webPixel": nodes.pixel_node(asking.shop), "userErrors": []}


def _pixel_update(asking: Asking, args: Args) -> Node:
    number = number_in(args["id"], "WebPixel")
    if asking.shop.pixel is None or asking.shop.pixel[0] != number:
        return {"webPixel": None, "userErrors": [refusal(["id"], GONE, "NOT_FOUND")]}
    asking.shop.pixel = (number, args["webPixel"]["settings"])
    return {"webPixel": nodes.pixel_node(asking.shop), "userErrors": []}


def _email_consent(asking: Asking, args: Args) -> Node:
    given = args["input"]
    customer = asking.shop.customers.get(number_in(given["customerId"], "Customer"))
    if customer is None:
        return _unchanged(refusal(["input", "customerId"], "Customer not found", "INVALID"))
    consent, path = given["emailMarketingConsent"], ["input", "emailMarketingConsent"]
    if customer.email is None:
        return _unchanged(refusal(path, "Customer must have an email address", "INVALID"))
    if consent["marketingState"] not in SETTABLE:
        return _unchanged(refusal([*path, "marketingState"], "This state can't be set", "INVALID"))
    at = _moment(consent["consentUpdatedAt"]) if consent.get("consentUpdatedAt") else asking.shop.moment()
    if at > asking.shop.now():
        return _unchanged(refusal([*path, "consentUpdatedAt"], "Consent can't be in the future", "INVALID"))
    _set_consent(asking, customer, consent, at)
    return {"customer": customer_node(asking.shop, customer), "userErrors": []}


def _unchanged(error: Node) -> Node:
    return {"customer": None, "userErrors": [error]}


def _set_consent(asking: Asking, customer: Customer, consent: Args, at: datetime) -> None:
    customer.email_state = consent["marketingState"]
    customer.email_level = consent.get("marketingOptInLevel") or customer.email_level
    customer.email_changed_at = at
    asking.shop.changed(customer)
    asking.emitted.append(
        ("customers_email_marketing_consent/update", people_bodies.email_consent(asking.shop, customer))
    )


def _subscribe(asking: Asking, args: Args) -> Node:
    given, shop = args["webhookSubscription"], asking.shop
    uri = given.get("uri") or given.get("callbackUrl")
    if not uri:
        error = refusal(["webhookSubscription", "uri"], "Address can't be blank")
        return {"webhookSubscription": None, "userErrors": [error]}
    made = Subscription(
        number=shop.number(),
        created_at=shop.moment(),
        updated_at=shop.moment(),
        topic=args["topic"],
        uri=uri,
        name=given.get("name"),
    )
    shop.subscriptions[made.number] = made
    shop.changed(made)
    return {"webhookSubscription": nodes.subscription_node(shop, made), "userErrors": []}


def _unsubscribe(asking: Asking, args: Args) -> Node:
    gone = asking.shop.subscriptions.pop(number_in(args["id"], "WebhookSubscription"), None)
    if gone is None:
        error = refusal(["id"], "Webhook subscription does not exist")
        return {"deletedWebhookSubscriptionId": None, "userErrors": [error]}
    return {"deletedWebhookSubscriptionId": args["id"], "userErrors": []}


MUTATIONS: dict[str, Mutation] = {
    "discountCodeBasicCreate": _basic,
    "discountCodeFreeShippingCreate": _free_shipping,
    "discountRedeemCodeBulkAdd": _bulk_add,
    "discountCodeDelete": _delete,
    "discountCodeRedeemCodeBulkDelete": _bulk_delete,
    "customerEmailMarketingConsentUpdate": _email_consent,
    "webPixelCreate": _pixel_create,
    "webPixelUpdate": _pixel_update,
    "webhookSubscriptionCreate": _subscribe,
    "webhookSubscriptionDelete": _unsubscribe,
}
