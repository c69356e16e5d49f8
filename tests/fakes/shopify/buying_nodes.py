"""Checkouts and orders in the words of the schema."""

from decimal import Decimal

from tests.fakes.shopify.goods_nodes import image_of, product_node, variant_node
from tests.fakes.shopify.memory import Memory
from tests.fakes.shopify.nodes import bag, base, gid, recovery_link, status_link, when
from tests.fakes.shopify.pages import Node, simple
from tests.fakes.shopify.people_nodes import address_of, customer_node
from tests.fakes.shopify.records import (
    Buying,
    Checkout,
    Fulfillment,
    Line,
    Order,
    Refund,
)


def _buying(shop: Memory, kind: str, buying: Buying) -> Node:
    customer = buying.customer
    address = address_of(buying.number, buying.first_name, buying.last_name, buying.country)
    return base(kind, buying) | {
        "billingAddress": address,
        "shippingAddress": address,
        "customer": (lambda args: customer_node(shop, customer)) if customer else None,
        "discountCodes": list(buying.codes),
        "subtotalPriceSet": bag(shop, buying.subtotal),
        "taxesIncluded": shop.profile.taxes_included,
        "taxLines": [],
        "customAttributes": [],
    }


def checkout_node(shop: Memory, checkout: Checkout) -> Node:
    """Neither a token nor an address: the schema has none."""
    goods = sum((line.total for line in checkout.lines), Decimal(0))
    return _buying(shop, "AbandonedCheckout", checkout) | {
        "name": f"#{checkout.number}",
        "abandonedCheckoutUrl": recovery_link(shop, checkout),
        "completedAt": when(checkout.completed_at),
        "note": "",
        "defaultCursor": "",
        "lineItemsQuantity": sum(line.quantity for line in checkout.lines),
        "totalPriceSet": bag(shop, checkout.subtotal),
        "totalLineItemsPriceSet": bag(shop, goods),
        "totalDiscountSet": bag(shop, checkout.discount),
        "totalTaxSet": bag(shop, Decimal(0)),
        "lineItems": lambda args: simple(
            [_line(shop, "AbandonedCheckoutLineItem", line) for line in checkout.lines], args
        ),
    }


def _line(shop: Memory, kind: str, line: Line) -> Node:
    """Product and variant are null once they are deleted; the line stays."""
    alive = line.product.number in shop.products and line.variant in line.product.variants
    return {
        "__typename": kind,
        "id": gid(kind, line.number),
        "title": line.title,
        "name": f"{line.title} - {line.variant_title}",
        "variantTitle": line.variant_title,
        "sku": line.sku,
        "quantity": line.quantity,
        "currentQuantity": line.quantity,
        "customAttributes": [],
        "originalUnitPriceSet": bag(shop, line.price),
        "originalTotalPriceSet": bag(shop, line.total),
        "originalTotalSet": bag(shop, line.total),
        "discountedUnitPriceSet": bag(shop, line.price),
        "discountedTotalPriceSet": bag(shop, line.total),
        "discountedTotalSet": lambda args: bag(shop, line.total),
        "taxLines": lambda args: [],
        "image": (lambda args: image_of(line.product)) if kind == "LineItem" else image_of(line.product),
        "product": (lambda args: product_node(shop, line.product)) if alive else None,
        "variant": (lambda args: variant_node(shop, line.variant)) if alive else None,
    }


def order_node(shop: Memory, order: Order) -> Node:
    return (
        _buying(shop, "Order", order)
        | _paid(shop, order)
        | {
            "name": order.name,
            "number": int(order.name.lstrip("#")),
            "email": order.email,
            "phone": order.phone,
            "cartToken": order.cart_token,
            "checkoutToken": order.checkout_token,
            "processedAt": when(order.processed_at),
            "cancelledAt": when(order.cancelled_at),
            "cancelReason": order.cancel_reason,
            "closedAt": when(order.closed_at),
            "closed": order.closed_at is not None,
            "confirmed": True,
            "test": order.test,
            "tags": list(order.tags),
            "customerLocale": order.locale,
            "customerAcceptsMarketing": order.accepts_marketing,
            "sourceName": "web",
            "statusPageUrl": lambda args: status_link(shop, order),
            "displayFulfillmentStatus": order.fulfillment,
            "discountCode": order.codes[0] if order.codes else None,
            "currencyCode": shop.profile.currency,
            "presentmentCurrencyCode": shop.profile.currency,
            "lineItems": lambda args: simple([_line(shop, "LineItem", line) for line in order.lines], args),
            "fulfillments": lambda args: [_fulfillment(shop, order, one) for one in order.fulfillments],
            "refunds": lambda args: [_refund(shop, order, one) for one in order.refunds],
        }
    )


def _paid(shop: Memory, order: Order) -> Node:
    paid = order.financial in {"PAID", "PARTIALLY_REFUNDED", "REFUNDED"}
    received = order.total if paid else Decimal(0)
    return {
        "displayFinancialStatus": order.financial,
        "fullyPaid": order.financial == "PAID",
        "unpaid": not paid,
        "currentSubtotalPriceSet": bag(shop, order.subtotal),
        "currentTotalPriceSet": bag(shop, order.total),
        "totalPriceSet": bag(shop, order.total),
        "originalTotalPriceSet": bag(shop, order.total),
        "totalTaxSet": bag(shop, Decimal(0)),
        "currentTotalTaxSet": bag(shop, Decimal(0)),
        "totalDiscountsSet": bag(shop, order.discount),
        "currentTotalDiscountsSet": bag(shop, order.discount),
        "totalShippingPriceSet": bag(shop, order.shipping),
        "currentShippingPriceSet": bag(shop, order.shipping),
        "totalRefundedSet": bag(shop, order.refunded),
        "totalRefundedShippingSet": bag(shop, Decimal(0)),
        "totalReceivedSet": bag(shop, received),
        "totalOutstandingSet": bag(shop, order.total - received),
        "netPaymentSet": bag(shop, received - order.refunded),
    }


def _refund(shop: Memory, order: Order, refund: Refund) -> Node:
    transaction = {
        "__typename": "OrderTransaction",
        "id": gid("OrderTransaction", refund.number),
        "kind": "REFUND",
        "status": "SUCCESS",
        "amountSet": bag(shop, refund.amount),
        "createdAt": when(refund.created_at),
        "processedAt": when(refund.created_at),
        "test": order.test,
    }
    return base("Refund", refund) | {
        "processedAt": when(refund.created_at),
        "totalRefundedSet": bag(shop, refund.amount),
        "order": lambda args: order_node(shop, order),
        "transactions": lambda args: simple([transaction], args),
    }


def _fulfillment(shop: Memory, order: Order, one: Fulfillment) -> Node:
    delivered = next((at for _, status, at in one.events if status == "DELIVERED"), None)
    events = [
        {
            "__typename": "FulfillmentEvent",
            "id": gid("FulfillmentEvent", number),
            "status": status,
            "happenedAt": when(at),
            "createdAt": when(at),
        }
        for number, status, at in one.events
    ]
    return base("Fulfillment", one) | {
        "name": f"{order.name}.1",
        "status": one.status,
        "displayStatus": "DELIVERED" if delivered else "FULFILLED",
        "deliveredAt": when(delivered),
        "totalQuantity": sum(line.quantity for line in order.lines),
        "requiresShipping": True,
        "order": lambda args: order_node(shop, order),
        "trackingInfo": lambda args: [],
        "events": lambda args: simple(events, args),
    }
