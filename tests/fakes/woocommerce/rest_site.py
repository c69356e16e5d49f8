"""What the site says of itself: the open index, the system status, settings, the currency."""

from datetime import datetime
from typing import Any

from tests.fakes.woocommerce.bodies import SYMBOLS
from tests.fakes.woocommerce.messages import Reply
from tests.fakes.woocommerce.rest import Api, Call

NAMESPACES = [
    "oembed/1.0",
    "wc/store",
    "wc/store/v1",
    "wc/v1",
    "wc/v2",
    "wc/v3",
    "wc-analytics",
    "wp/v2",
    "wp-site-health/v1",
    "wp-block-editor/v1",
]


class About:
    def __init__(self, api: Api) -> None:
        self.shop, self.site = api.shop, api.shop.site
        api.route("GET", "/?", self.index)
        api.route("GET", "/wc/v3/system_status", self.status)
        api.route("GET", "/wc/v3/data/currencies/current", self.currency)
        api.route("GET", "/wc/v3/settings/general", self.settings)

    def index(self, call: Call) -> Reply:
        """Needs no key."""
        now: datetime = self.shop.clock.now().astimezone(self.site.zone())
        offset = now.utcoffset()
        hours = offset.total_seconds() / 3600 if offset else 0
        body = {
            "name": self.site.name,
            "description": "",
            "url": self.site.home,
            "home": self.site.home,
            "gmt_offset": str(int(hours) if hours == int(hours) else hours),
            "timezone_string": self.site.timezone,
            "page_for_posts": 0,
            "page_on_front": 0,
            "show_on_front": "posts",
            "namespaces": NAMESPACES,
            "authentication": [],
            "routes": {f"/{name}": {"namespace": name, "methods": ["GET"]} for name in NAMESPACES},
        }
        return call.shown(body)

    def status(self, call: Call) -> Reply:
        call.may_list()
        environment: dict[str, Any] = {
            "home_url": self.site.home,
            "site_url": self.site.home,
            "version": self.site.woocommerce,
            "wp_version": self.site.wordpress,
            "wp_cron": True,
            "language": self.site.language,
            "php_version": "8.2.0",
            "default_timezone": "UTC",
        }
        symbol = SYMBOLS.get(self.site.currency, self.site.currency)
        settings = {"api_enabled": False, "currency": self.site.currency, "currency_symbol": symbol}
        plugins = [{"plugin": one, "name": one.partition("/")[0]} for one in self.site.plugins]
        return call.shown({"environment": environment, "active_plugins": plugins, "settings": settings})

    def currency(self, call: Call) -> Reply:
        call.may_view()
        code = self.site.currency
        return call.shown({"code": code, "name": code, "symbol": SYMBOLS.get(code, code)})

    def settings(self, call: Call) -> Reply:
        call.may_list()
        known = {
            "woocommerce_default_country": self.site.country,
            "woocommerce_currency": self.site.currency,
        }
        return call.shown([{"id": name, "value": value} for name, value in known.items()])
