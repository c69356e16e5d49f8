"""GraphQL's objects, as far as they are written otherwise than in webhooks."""

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.payload import Payload
from integrations.roles import ShopIdentity

Node = Mapping[str, Any]


def payload(topic: str, fields: Mapping[str, Any], shop: ShopIdentity) -> Payload:
    return Payload(topic, fields, shop)


def gid(kind: str, ref: str) -> str:
    return f"gid://shopify/{kind}/{ref}"


def gids(kind: str, refs: Sequence[str]) -> list[str]:
    """Whatever is no number names nothing of Shopify's, and would spoil the whole question."""
    return [gid(kind, ref) for ref in refs if ref.isdecimal() and ref.isascii()]


def ref(node: Node | None) -> str | None:
    """The plain number of a global id, as the webhooks write it."""
    return number(node["id"]) if node else None


def number(global_id: str) -> str:
    return global_id.rsplit("/", 1)[-1].partition("?")[0]


def money(bag: Node | None) -> str | None:
    """The shop's side of a sum told in two currencies."""
    return str(bag["shopMoney"]["amount"]) if bag else None


def person(node: Node | None) -> dict[str, Any] | None:
    if node is None:
        return None
    return {
        "id": number(node["id"]),
        "email": (node.get("defaultEmailAddress") or {}).get("emailAddress"),
        "phone": (node.get("defaultPhoneNumber") or {}).get("phoneNumber"),
        "first_name": node.get("firstName"),
        "default_address": address(node.get("defaultAddress")),
    }


def address(node: Node | None) -> dict[str, Any] | None:
    if node is None:
        return None
    return {"first_name": node.get("firstName"), "country_code": node.get("countryCodeV2")}


def line(node: Node) -> dict[str, Any]:
    return {
        "product_id": ref(node.get("product")),
        "variant_id": ref(node.get("variant")),
        "title": node.get("title"),
        "variant_title": node.get("variantTitle"),
        "quantity": node["quantity"],
        "sku": node.get("sku"),
        "price": money(node["originalUnitPriceSet"]),
        "tax_lines": [{"price": money(tax["priceSet"])} for tax in node.get("taxLines") or ()],
    }


def search_value(text: str) -> str:
    """A value as Shopify's search takes it: in quotes, so that nothing in it is a word of the search."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def portions(refs: Sequence[str], size: int) -> list[Sequence[str]]:
    return [refs[at : at + size] for at in range(0, len(refs), size)]
