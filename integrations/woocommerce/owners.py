"""Who in a store may act for it, as far as the store tells."""

from integrations.woocommerce.api import StoreApi

ACTING = ("administrator", "shop_manager")


def is_owners_address(api: StoreApi, email: str) -> bool:
    """Whether one of those who run the store has this address there."""
    wanted = email.strip().lower()
    for role in ACTING:
        rows = api.page("customers", role=role, email=wanted, _fields="email").rows
        if any(str(row.get("email", "")).lower() == wanted for row in rows):
            return True
    return False
