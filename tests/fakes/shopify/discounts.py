"""Code discounts in the words of the schema."""

from tests.fakes.shopify.memory import Memory
from tests.fakes.shopify.nodes import gid, plain, when
from tests.fakes.shopify.pages import Node, simple
from tests.fakes.shopify.records import BulkCreation, Discount, RedeemCode
from tests.fakes.shopify.search import Search

TYPES = {
    "percentage": "DiscountCodeBasic",
    "amount": "DiscountCodeBasic",
    "free_shipping": "DiscountCodeFreeShipping",
}


def code_discount_node(shop: Memory, discount: Discount) -> Node:
    return {
        "__typename": "DiscountCodeNode",
        "id": gid("DiscountCodeNode", discount.number),
        "codeDiscount": discount_of(shop, discount),
    }


def discount_node(shop: Memory, discount: Discount) -> Node:
    return {
        "__typename": "DiscountNode",
        "id": gid("DiscountNode", discount.number),
        "discount": discount_of(shop, discount),
    }


def discount_of(shop: Memory, discount: Discount) -> Node:
    uses = sum(one.uses for one in discount.codes)
    known = {
        "__typename": TYPES[discount.kind],
        "title": discount.title,
        "startsAt": when(discount.starts_at),
        "endsAt": when(discount.ends_at),
        "createdAt": when(discount.created_at),
        "updatedAt": when(discount.updated_at),
        "status": status(shop, discount),
        "usageLimit": discount.usage_limit,
        "appliesOncePerCustomer": discount.once_per_customer,
        "asyncUsageCount": uses,
        "summary": discount.title,
        "shortSummary": discount.title,
        "tags": [],
        "hasTimelineComment": False,
        "context": {"__typename": "DiscountBuyerSelectionAll", "all": "ALL"},
        "codesCount": {"count": len(discount.codes), "precision": "EXACT"},
        "codes": lambda args: codes(discount, args),
        "minimumRequirement": _minimum(shop, discount),
        "discountClasses": ["SHIPPING" if discount.kind == "free_shipping" else "ORDER"],
        "combinesWith": {"orderDiscounts": False, "productDiscounts": False, "shippingDiscounts": False},
    }
    return known | ({} if discount.kind == "free_shipping" else {"customerGets": _gets(shop, discount)})


def status(shop: Memory, discount: Discount) -> str:
    now = shop.now()
    if discount.starts_at > now:
        return "SCHEDULED"
    return "EXPIRED" if discount.ends_at and discount.ends_at <= now else "ACTIVE"


def codes(discount: Discount, args: dict[str, object]) -> Node:
    search = Search(str(args.get("query") or ""), {"code": "text", "id": "id", "times_used": "id"})
    now = discount.created_at
    kept = [one for one in discount.codes if search.matches(_terms(one), now)]
    return simple([code_node(one) for one in kept], args)


def _terms(one: RedeemCode) -> dict[str, object]:
    return {"code": one.code, "id": one.number, "times_used": one.uses, "default": one.code}


def code_node(one: RedeemCode) -> Node:
    return {
        "__typename": "DiscountRedeemCode",
        "id": gid("DiscountRedeemCode", one.number),
        "code": one.code,
        "asyncUsageCount": one.uses,
    }


def _gets(shop: Memory, discount: Discount) -> Node:
    value: Node = {"__typename": "DiscountPercentage", "percentage": discount.percentage}
    if discount.amount is not None:
        money = {"amount": plain(discount.amount), "currencyCode": shop.profile.currency}
        value = {"__typename": "DiscountAmount", "amount": money, "appliesOnEachItem": discount.each_item}
    return {
        "value": value,
        "items": {"__typename": "AllDiscountItems", "allItems": True},
        "appliesOnOneTimePurchase": True,
        "appliesOnSubscription": False,
    }


def _minimum(shop: Memory, discount: Discount) -> Node | None:
    if discount.minimum is None:
        return None
    money = {"amount": plain(discount.minimum), "currencyCode": shop.profile.currency}
    return {"__typename": "DiscountMinimumSubtotal", "greaterThanOrEqualToSubtotal": money}


def bulk_creation(shop: Memory, creation: BulkCreation) -> Node:
    failed = [why for _, _, why in creation.results if why]
    results = [
        {
            "code": code,
            "discountRedeemCode": code_node(made) if made else None,
            "errors": [{"code": "TAKEN", "message": why, "field": ["code"]}] if why else [],
        }
        for code, made, why in creation.results
    ]
    return {
        "__typename": "DiscountRedeemCodeBulkCreation",
        "id": gid("DiscountRedeemCodeBulkCreation", creation.number),
        "createdAt": when(creation.created_at),
        "done": creation.done,
        "codesCount": len(creation.wanted),
        "importedCount": len(creation.results) - len(failed),
        "failedCount": len(failed),
        "discountCode": code_discount_node(shop, creation.discount),
        "codes": lambda args: simple(results, args),
    }
