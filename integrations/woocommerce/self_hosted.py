"""WooCommerce as a platform whose stores stand at addresses of their own."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from core.errors import NeedsMerchant, Permanent
from core.http import HttpClient
from core.runtime import Runtime
from integrations.late import LateModule
from integrations.roles import Access, ShopIdentity
from integrations.self_hosted import Found, HandedOver, Problem, Proven, Returned
from integrations.woocommerce.problems import BY_WORD, problem

# Only who connects a store needs what calls one.
if TYPE_CHECKING:
    from integrations.woocommerce import api, keys, owners, probe, profile
else:
    api, keys, owners, probe, profile = (
        LateModule(f"integrations.woocommerce.{name}")
        for name in ("api", "keys", "owners", "probe", "profile")
    )


class SelfHostedWooCommerce:
    """One per process. `Found.meta` holds "entry", which is "index.php" where
    the store's addresses must go through it."""

    key = "woocommerce"
    title = "WooCommerce"
    keys_at = (
        "WooCommerce → Settings → Advanced → REST API",
        "WooCommerce → Einstellungen → Erweitert → REST-API",
    )

    def __init__(self, runtime: Runtime) -> None:
        self._config = runtime.config

    @cached_property
    def _client(self) -> HttpClient:
        """Made for the first store that is called."""
        return HttpClient.of(self._config)

    def domain(self, typed: str) -> str | Problem:
        return probe.normalised(typed)

    def find(self, typed: str) -> Found | Problem:
        found = probe.probe(self._client, typed)
        if isinstance(found, Problem):
            return found
        return Found(found.domain, found.name, {"entry": found.entry})

    def approval_url(self, found: Found, *, state: str, back: str, callback: str) -> str:
        return keys.authorize_url(
            found.domain,
            app_name="Kontor",
            state=state,
            return_url=back,
            callback_url=callback,
            entry=found.meta.get("entry", ""),
        )

    def returned(self, query: Mapping[str, str]) -> Returned:
        return Returned(query.get("user_id", ""), query.get("success") == "0")

    def handed_over(self, body: bytes) -> HandedOver:
        return keys.read_callback(body)

    def prove(self, found: Found, token: str, email: str) -> Proven | Problem:
        meta = keys.proven(self._client, found.domain, token, found.meta.get("entry", ""))
        if isinstance(meta, Problem):
            return meta
        access = Access(0, ShopIdentity(found.domain, None, "EUR"), token, meta)
        store = api.StoreApi.of(self._client, access)
        told = profile.read(store, access)
        if profile.is_too_old(told.meta.get("version", "")):
            return problem("too_old")
        return Proven(access, told, owners.is_owners_address(store, email))

    def refused(self, error: NeedsMerchant | Permanent, domain: str) -> Problem:
        if isinstance(error, Permanent):
            return problem("unreachable", f"https://{domain}")
        return self.problem(str(error)) or problem("keys_refused")

    def problem(self, word: str) -> Problem | None:
        return problem(word) if word in BY_WORD else None
