"""Questions about discounts, their codes, and jobs under way."""

from tests.fakes.shopify.asking import Asking, number_in
from tests.fakes.shopify.discounts import bulk_creation, code_discount_node, discount_node
from tests.fakes.shopify.listing import Args, listed
from tests.fakes.shopify.pages import Node
from tests.fakes.shopify.records import BulkCreation, Job
from tests.fakes.shopify.search_fields import DISCOUNT_FIELDS


def by_code(asking: Asking, args: Args) -> Node | None:
    found = asking.shop.find_code(args["code"])
    return code_discount_node(asking.shop, found[0]) if found else None


def discount_nodes(asking: Asking, args: Args) -> Node:
    shop = asking.shop
    return listed(
        asking,
        "discountNodes",
        list(shop.discounts.values()),
        args,
        DISCOUNT_FIELDS,
        lambda one: discount_node(shop, one),
    )


def code_discount_nodes(asking: Asking, args: Args) -> Node:
    shop = asking.shop
    return listed(
        asking,
        "codeDiscountNodes",
        list(shop.discounts.values()),
        args,
        DISCOUNT_FIELDS,
        lambda one: code_discount_node(shop, one),
    )


def discount(asking: Asking, args: Args) -> Node | None:
    found = asking.shop.discounts.get(number_in(args["id"], "DiscountNode"))
    return discount_node(asking.shop, found) if found else None


def code_discount(asking: Asking, args: Args) -> Node | None:
    found = asking.shop.discounts.get(number_in(args["id"], "DiscountCodeNode"))
    return code_discount_node(asking.shop, found) if found else None


def bulk(asking: Asking, args: Args) -> Node | None:
    found: BulkCreation | None = asking.shop.bulk.get(number_in(args["id"], "DiscountRedeemCodeBulkCreation"))
    if found is None:
        return None
    return bulk_creation(asking.shop, found)


def job(asking: Asking, args: Args) -> Node | None:
    job: Job | None = asking.shop.jobs.get(number_in(args["id"], "Job"))
    if job is None:
        return None
    return {"__typename": "Job", "id": args["id"], "done": job.done}
