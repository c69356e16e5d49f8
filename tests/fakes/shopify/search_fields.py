"""What each search can be asked for, and what its results can be sorted by."""

from tests.fakes.shopify.search import Kind

ORDER_FIELDS: dict[str, Kind] = {
    "id": "id",
    "name": "text",
    "email": "text",
    "customer_id": "id",
    "checkout_token": "text",
    "cart_token": "text",
    "created_at": "time",
    "processed_at": "time",
    "updated_at": "time",
    "financial_status": "text",
    "fulfillment_status": "text",
    "status": "text",
    "test": "flag",
    "tag": "text",
    "discount_code": "text",
}


CHECKOUT_FIELDS: dict[str, Kind] = {
    "id": "id",
    "created_at": "time",
    "updated_at": "time",
    "status": "text",
    "recovery_state": "text",
    "email_state": "text",
}


CUSTOMER_FIELDS: dict[str, Kind] = {
    "id": "id",
    "email": "words",
    "phone": "text",
    "first_name": "text",
    "last_name": "text",
    "customer_date": "time",
    "updated_at": "day",
    "tag": "text",
}


PRODUCT_FIELDS: dict[str, Kind] = {
    "id": "id",
    "title": "phrase",
    "handle": "text",
    "status": "text",
    "product_type": "text",
    "vendor": "text",
    "tag": "text",
    "created_at": "time",
    "updated_at": "time",
}


VARIANT_FIELDS: dict[str, Kind] = {
    "id": "id",
    "product_id": "id",
    "product_ids": "text",
    "sku": "text",
    "title": "phrase",
    "updated_at": "time",
}


ITEM_FIELDS: dict[str, Kind] = {"id": "id", "sku": "text", "updated_at": "time"}


DISCOUNT_FIELDS: dict[str, Kind] = {
    "id": "id",
    "title": "phrase",
    "code": "text",
    "created_at": "time",
    "updated_at": "time",
    "starts_at": "time",
    "ends_at": "time",
    "method": "text",
    "times_used": "id",
    "type": "text",
    "status": "text",
}


LOCATION_FIELDS: dict[str, Kind] = {"id": "id", "name": "text"}


SUBSCRIPTION_FIELDS: dict[str, Kind] = {"id": "id", "created_at": "time", "updated_at": "time"}


SORTS = {
    "CREATED_AT": "created_at",
    "UPDATED_AT": "updated_at",
    "PROCESSED_AT": "processed_at",
    "ORDER_NUMBER": "id",
    "TITLE": "title",
    "NAME": "name",
    "SKU": "sku",
    "STARTS_AT": "starts_at",
    "CHECKOUT_ID": "id",
}
