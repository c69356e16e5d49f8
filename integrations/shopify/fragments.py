"""What our GraphQL documents are made of, and how much each asks for at once.

Shopify counts a point for every object asked for, whether it comes or not,
and refuses a document of more than a thousand: hence the sizes of the pages.
"""

from dataclasses import dataclass

# Sizes of pages; the tests count what each document costs at most.
FOUND_AT_ONCE = 100
NEWEST_AT_ONCE = 25
ORDERS_AT_ONCE = 5
LINES_AT_ONCE = 8
MORE_LINES_AT_ONCE = 50
CHECKOUTS_AT_ONCE = 8
CHECKOUT_LINES_AT_ONCE = 20
VARIANTS_AT_ONCE = 100
PRODUCTS_AT_ONCE = 4
PRODUCT_VARIANTS_AT_ONCE = 100
CATALOGUE_AT_ONCE = 15
CATALOGUE_VARIANTS_AT_ONCE = 25
ITEMS_AT_ONCE = 50
BUYERS_AT_ONCE = 25
CUSTOMERS_AT_ONCE = 50
REFS_AT_ONCE = 250
# Long readings go page by page: none is so dear that the next would have to wait
# longer for its points than a call waits.
PRODUCTS_READ_AT_ONCE = 5
CUSTOMERS_READ_AT_ONCE = 40
LEVELS_READ_AT_ONCE = 125


@dataclass(frozen=True, slots=True)
class Document:
    name: str
    text: str


def named(text: str, *fragments: str) -> Document:
    """The document with its fragments, under the name it gives itself."""
    name = text.split(maxsplit=2)[1].partition("(")[0]
    return Document(name, "\n".join((text.strip(), *(one.strip() for one in fragments))))


MONEY = "{ shopMoney { amount } }"

ADDRESS = """
fragment Address on MailingAddress { firstName countryCodeV2 }
"""

PERSON = """
fragment Person on Customer {
  id
  firstName
  defaultEmailAddress { emailAddress }
  defaultPhoneNumber { phoneNumber }
  defaultAddress { ...Address }
}
"""

CUSTOMER = """
fragment WholeCustomer on Customer {
  ...Person
  updatedAt
  defaultEmailAddress { marketingState marketingUpdatedAt }
  defaultPhoneNumber { smsMarketingConsent { state updatedAt } }
}
"""

LINES = f"""
fragment Lines on LineItemConnection {{
  nodes {{
    product {{ id }}
    variant {{ id }}
    title
    variantTitle
    quantity
    sku
    originalUnitPriceSet {MONEY}
    taxLines(first: 4) {{ priceSet {MONEY} }}
  }}
  pageInfo {{ hasNextPage endCursor }}
}}
"""

ORDER = f"""
fragment WholeOrder on Order {{
  id
  name
  createdAt
  processedAt
  updatedAt
  cancelledAt
  currencyCode
  displayFinancialStatus
  test
  taxesIncluded
  email
  phone
  customerLocale
  customerAcceptsMarketing
  checkoutToken
  cartToken
  discountCodes
  totalPriceSet {MONEY}
  subtotalPriceSet {MONEY}
  totalRefundedSet {MONEY}
  customer {{ ...Person }}
  billingAddress {{ ...Address }}
  shippingAddress {{ ...Address }}
  fulfillments(first: 10) {{ status createdAt deliveredAt }}
  lineItems(first: {LINES_AT_ONCE}) {{ ...Lines }}
}}
"""

CHECKOUT = f"""
fragment WholeCheckout on AbandonedCheckout {{
  id
  abandonedCheckoutUrl
  createdAt
  updatedAt
  completedAt
  totalPriceSet {{ shopMoney {{ amount currencyCode }} }}
  customer {{ ...Person locale }}
  billingAddress {{ ...Address }}
  shippingAddress {{ ...Address }}
  lineItems(first: {CHECKOUT_LINES_AT_ONCE}) {{
    nodes {{
      product {{ id }}
      variant {{ id }}
      title
      variantTitle
      quantity
      sku
      originalUnitPriceSet {MONEY}
    }}
  }}
}}
"""

VARIANT_STOCK = """
fragment VariantStock on ProductVariant {
  id
  inventoryPolicy
  inventoryQuantity
  inventoryItem { tracked }
  product { status }
}
"""


def product(variants: int) -> str:
    """Few products with many variants each, or many with few."""
    return f"""
fragment WholeProduct on Product {{
  id
  title
  handle
  status
  publishedAt
  updatedAt
  productType
  tags
  featuredMedia {{ ... on MediaImage {{ image {{ url }} }} }}
  variants(first: {variants}) {{
    nodes {{
      id
      title
      price
      sku
      inventoryPolicy
      inventoryQuantity
      inventoryItem {{ id tracked }}
    }}
    pageInfo {{ hasNextPage }}
  }}
}}
"""
