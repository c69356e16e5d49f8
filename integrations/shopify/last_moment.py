"""The shop itself, asked in the last moment: has one of these people bought, and is it all still there?"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from core.errors import Permanent, Unreadable
from core.events import Order, Stock
from integrations.roles import Access, Answer, Buyer, Question
from integrations.shopify import graphql_orders
from integrations.shopify.api import Api
from integrations.shopify.documents import LAST_MOMENT, MORE_FOUND, STOCK
from integrations.shopify.fragments import BUYERS_AT_ONCE, VARIANTS_AT_ONCE
from integrations.shopify.graphql_products import on_sale, stock
from integrations.shopify.nodes import Node, gids, number, portions, ref, search_value
from integrations.shopify.whole_orders import whole_orders


def ask(api: Api, access: Access, question: Question) -> Answer:
    """One call for the most part: one more where there are orders to be read,
    or where more is asked than fits into one."""
    variants = portions(gids("ProductVariant", question.variant_refs), VARIANTS_AT_ONCE)
    searches = _searches(question.buyers)
    found, counted = [], []
    if searches:
        first = api.ask(
            access, LAST_MOMENT, search=searches[0], variants=list(variants[0] if variants else ())
        )
        found = [*_all_found(api, access, searches[0], first), *_just_placed(first, question.buyers)]
        counted, variants = list(first["nodes"]), variants[1:]
    for search in searches[1:]:
        found += _all_found(api, access, search, api.ask(access, MORE_FOUND, search=search))
    for some in variants:
        counted += api.ask(access, STOCK, variants=list(some))["nodes"]
    return Answer(_orders(api, access, list(dict.fromkeys(found))), _stock(counted))


def _searches(buyers: Sequence[Buyer]) -> list[str]:
    terms = [term for buyer in buyers if (term := _search(buyer))]
    return [" OR ".join(some) for some in portions(terms, BUYERS_AT_ONCE)]


def _search(buyer: Buyer) -> str | None:
    """Empty where nothing is known of the buyer: then every order would be found."""
    known = (
        ("checkout_token", buyer.cart_ref),
        ("cart_token", buyer.cart_token),
        ("email", buyer.email),
        ("customer_id", buyer.customer_ref if (buyer.customer_ref or "").isdecimal() else None),
    )
    terms = [f"{field}:{search_value(value)}" for field, value in known if value]
    return f"(({' OR '.join(terms)}) AND created_at:>='{moment(buyer.since)}')" if terms else None


def moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _all_found(api: Api, access: Access, search: str, first: Node) -> Iterator[str]:
    page = first["orders"]
    yield from (node["id"] for node in page["nodes"])
    while page["pageInfo"]["hasNextPage"]:
        page = api.ask(access, MORE_FOUND, search=search, after=page["pageInfo"]["endCursor"])["orders"]
        yield from (node["id"] for node in page["nodes"])


def _just_placed(first: Node, buyers: Sequence[Buyer]) -> Iterator[str]:
    """Those of the newest orders that are a buyer's, whether or not the search knows them yet."""
    for node in first["newest"]["nodes"]:
        if any(_is_of(node, buyer) for buyer in buyers):
            yield node["id"]


def _is_of(node: Node, buyer: Buyer) -> bool:
    if datetime.fromisoformat(node["createdAt"]) < buyer.since.replace(microsecond=0):
        return False
    pairs = (
        (node["checkoutToken"], buyer.cart_ref),
        (node["cartToken"], buyer.cart_token),
        ((node.get("email") or "").lower(), (buyer.email or "").lower()),
        (ref(node.get("customer")), buyer.customer_ref),
    )
    return any(theirs == ours for theirs, ours in pairs if ours)


def _orders(api: Api, access: Access, ids: Sequence[str]) -> tuple[Order, ...]:
    try:
        read = whole_orders(api, access, ids)
        return tuple(graphql_orders.order(node, lines, access.identity) for node, lines in read)
    except Unreadable as error:
        # Nothing is sent on a guess at what an order might have said.
        raise Permanent(str(error)) from error


def _stock(nodes: Sequence[Node | None]) -> dict[str, Stock]:
    """What the shop no longer has, or no longer offers, is absent."""
    there = [node for node in nodes if node and on_sale(node)]
    return {number(node["id"]): stock(node, node["inventoryItem"]["tracked"]) for node in there}
