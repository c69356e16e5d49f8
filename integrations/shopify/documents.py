"""Every question we put to Shopify; the tests hold each against Shopify's schema."""

from integrations.shopify.fragments import (
    ADDRESS,
    CATALOGUE_AT_ONCE,
    CATALOGUE_VARIANTS_AT_ONCE,
    CHECKOUT,
    CHECKOUTS_AT_ONCE,
    CUSTOMER,
    CUSTOMERS_READ_AT_ONCE,
    FOUND_AT_ONCE,
    LEVELS_READ_AT_ONCE,
    LINES,
    MORE_LINES_AT_ONCE,
    NEWEST_AT_ONCE,
    ORDER,
    ORDERS_AT_ONCE,
    PERSON,
    PRODUCT_VARIANTS_AT_ONCE,
    PRODUCTS_READ_AT_ONCE,
    VARIANT_STOCK,
    Document,
    named,
    product,
)

SHOP = named("""
query Shop {
  shop {
    id
    name
    myshopifyDomain
    contactEmail
    currencyCode
    ianaTimezone
    shopAddress { countryCodeV2 }
    primaryDomain { host }
    plan { publicDisplayName }
  }
}
""")

INSTALLATION = named("query Installation { currentAppInstallation { id } }")

# Orders are first only found, and the variants counted in the same breath:
# most carts have no order, and a whole order is dear. The search learns of an
# order a while after it was placed; the plain list of the newest knows it at once.
LAST_MOMENT = named(
    f"""
query LastMoment($search: String!, $variants: [ID!]!) {{
  orders(first: {FOUND_AT_ONCE}, query: $search, sortKey: CREATED_AT, reverse: true) {{
    nodes {{ id }}
    pageInfo {{ hasNextPage endCursor }}
  }}
  newest: orders(first: {NEWEST_AT_ONCE}, sortKey: CREATED_AT, reverse: true) {{
    nodes {{ id createdAt checkoutToken cartToken email customer {{ id }} }}
  }}
  nodes(ids: $variants) {{ ...VariantStock }}
}}
""",
    VARIANT_STOCK,
)

MORE_FOUND = named(f"""
query MoreFound($search: String!, $after: String) {{
  orders(first: {FOUND_AT_ONCE}, query: $search, sortKey: CREATED_AT, reverse: true, after: $after) {{
    nodes {{ id }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
""")

STOCK = named(
    "query Stock($variants: [ID!]!) { nodes(ids: $variants) { ...VariantStock } }",
    VARIANT_STOCK,
)

ORDERS = named(
    "query Orders($ids: [ID!]!) { nodes(ids: $ids) { ...WholeOrder } }", ORDER, LINES, PERSON, ADDRESS
)

ORDERS_SINCE = named(
    f"""
query OrdersSince($search: String!, $after: String) {{
  orders(first: {ORDERS_AT_ONCE}, query: $search, sortKey: UPDATED_AT, after: $after) {{
    nodes {{ ...WholeOrder }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
""",
    ORDER,
    LINES,
    PERSON,
    ADDRESS,
)

MORE_LINES = named(
    f"""
query MoreLines($id: ID!, $after: String) {{
  order(id: $id) {{ lineItems(first: {MORE_LINES_AT_ONCE}, after: $after) {{ ...Lines }} }}
}}
""",
    LINES,
)

ORDERS_COUNT = named(
    "query OrdersCount($search: String!) { ordersCount(query: $search, limit: null) { count } }"
)

CHECKOUTS_SINCE = named(
    f"""
query CheckoutsSince($search: String!, $after: String) {{
  abandonedCheckouts(first: {CHECKOUTS_AT_ONCE}, query: $search, sortKey: ID, after: $after) {{
    nodes {{ ...WholeCheckout }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
""",
    CHECKOUT,
    PERSON,
    ADDRESS,
)

OPEN_CHECKOUTS = named(f"""
query OpenCheckouts {{
  abandonedCheckouts(first: {FOUND_AT_ONCE}, query: "status:open", sortKey: ID, reverse: true) {{
    nodes {{ id abandonedCheckoutUrl }}
  }}
}}
""")

CHECKOUTS = named(
    "query Checkouts($ids: [ID!]!) { nodes(ids: $ids) { ...WholeCheckout } }", CHECKOUT, PERSON, ADDRESS
)

PRODUCTS = named(
    "query Products($ids: [ID!]!) { nodes(ids: $ids) { ...WholeProduct } }", product(PRODUCT_VARIANTS_AT_ONCE)
)

CATALOGUE = named(
    f"""
query Catalogue($after: String) {{
  products(first: {CATALOGUE_AT_ONCE}, sortKey: ID, after: $after) {{
    nodes {{ ...WholeProduct }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
""",
    product(CATALOGUE_VARIANTS_AT_ONCE),
)

PRODUCTS_SINCE = named(
    f"""
query ProductsSince($search: String!, $after: String) {{
  products(first: {PRODUCTS_READ_AT_ONCE}, query: $search, sortKey: UPDATED_AT, after: $after) {{
    nodes {{ ...WholeProduct }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
""",
    product(CATALOGUE_VARIANTS_AT_ONCE),
)

# Every variant with nothing but its stock: two points each.
LEVELS = named(f"""
query Levels($after: String) {{
  productVariants(first: {LEVELS_READ_AT_ONCE}, sortKey: ID, after: $after) {{
    nodes {{ id inventoryPolicy inventoryQuantity inventoryItem {{ tracked }} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
""")

VARIANTS = named(
    """
query Variants($ids: [ID!]!) {
  nodes(ids: $ids) { ...VariantStock ... on ProductVariant { product { id } } }
}
""",
    VARIANT_STOCK,
)

ITEMS = named("""
query Items($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on InventoryItem {
      id
      tracked
      variants(first: 5) { nodes { id inventoryPolicy inventoryQuantity } }
    }
  }
}
""")

CUSTOMERS = named(
    "query Customers($ids: [ID!]!) { nodes(ids: $ids) { ...WholeCustomer } }", CUSTOMER, PERSON, ADDRESS
)

# Asked for newest first and not searched: the search knows a customer's change by its day alone.
NEWEST_CUSTOMERS = named(
    f"""
query NewestCustomers($after: String) {{
  customers(first: {CUSTOMERS_READ_AT_ONCE}, sortKey: UPDATED_AT, reverse: true, after: $after) {{
    nodes {{ ...WholeCustomer }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
""",
    CUSTOMER,
    PERSON,
    ADDRESS,
)

STILL_THERE = named("query StillThere($ids: [ID!]!) { nodes(ids: $ids) { id } }")

DOCUMENTS = tuple(value for value in list(vars().values()) if isinstance(value, Document))
