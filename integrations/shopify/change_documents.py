"""Every change we ask of Shopify, and what must be known before it."""

from integrations.shopify.fragments import Document, named

CODES_AT_ONCE = 250

CONSENT = named("""
query Consent($email: String!) {
  customerByIdentifier(identifier: { emailAddress: $email }) {
    id
    defaultEmailAddress { emailAddress marketingState marketingUpdatedAt }
  }
}
""")

WRITE_CONSENT = named("""
mutation WriteConsent($input: CustomerEmailMarketingConsentUpdateInput!) {
  customerEmailMarketingConsentUpdate(input: $input) { userErrors { field message code } }
}
""")

CODE = named("""
query Code($code: String!) {
  codeDiscountNodeByCode(code: $code) {
    id
    codeDiscount {
      ... on DiscountCodeBasic { title endsAt codesCount { count } }
      ... on DiscountCodeFreeShipping { title endsAt codesCount { count } }
    }
  }
}
""")

CODES_OF = named(f"""
query CodesOf($id: ID!, $code: String!, $after: String) {{
  discountNode(id: $id) {{
    discount {{
      ... on DiscountCodeBasic {{
        codes(first: {CODES_AT_ONCE}, query: $code, after: $after) {{ ...Codes }}
      }}
      ... on DiscountCodeFreeShipping {{
        codes(first: {CODES_AT_ONCE}, query: $code, after: $after) {{ ...Codes }}
      }}
    }}
  }}
}}
fragment Codes on DiscountRedeemCodeConnection {{
  nodes {{ id code }}
  pageInfo {{ hasNextPage endCursor }}
}}
""")

DISCOUNTS_TITLED = named("""
query DiscountsTitled($search: String!) {
  discountNodes(first: 25, query: $search) {
    nodes {
      id
      discount {
        ... on DiscountCodeBasic { title endsAt }
        ... on DiscountCodeFreeShipping { title endsAt }
      }
    }
  }
}
""")

MAKE_DISCOUNT = named("""
mutation MakeDiscount($input: DiscountCodeBasicInput!) {
  discountCodeBasicCreate(basicCodeDiscount: $input) {
    codeDiscountNode { id }
    userErrors { field message code }
  }
}
""")

MAKE_FREE_SHIPPING = named("""
mutation MakeFreeShipping($input: DiscountCodeFreeShippingInput!) {
  discountCodeFreeShippingCreate(freeShippingCodeDiscount: $input) {
    codeDiscountNode { id }
    userErrors { field message code }
  }
}
""")

ADD_CODE = named("""
mutation AddCode($id: ID!, $codes: [DiscountRedeemCodeInput!]!) {
  discountRedeemCodeBulkAdd(discountId: $id, codes: $codes) {
    bulkCreation { id done }
    userErrors { field message code }
  }
}
""")

ADDING = named("query Adding($id: ID!) { discountRedeemCodeBulkCreation(id: $id) { done } }")

REMOVE_CODE = named("""
mutation RemoveCode($id: ID!, $codes: [ID!]) {
  discountCodeRedeemCodeBulkDelete(discountId: $id, ids: $codes) {
    job { id }
    userErrors { field message code }
  }
}
""")

REMOVING = named("query Removing($id: ID!) { job(id: $id) { done } }")

REMOVE_DISCOUNT = named("""
mutation RemoveDiscount($id: ID!) {
  discountCodeDelete(id: $id) { userErrors { field message code } }
}
""")

PIXEL = named("query Pixel { webPixel { id settings } }")

MAKE_PIXEL = named("""
mutation MakePixel($pixel: WebPixelInput!) {
  webPixelCreate(webPixel: $pixel) { userErrors { field message code } }
}
""")

MOVE_PIXEL = named("""
mutation MovePixel($id: ID!, $pixel: WebPixelInput!) {
  webPixelUpdate(id: $id, webPixel: $pixel) { userErrors { field message code } }
}
""")

CHANGES = tuple(value for value in list(vars().values()) if isinstance(value, Document))
