"""Webhooks by REST: made with a ping inside the call, never refused as doubled."""

import re
import secrets
from typing import Any

from tests.fakes.woocommerce.listing import Page, answer, by_id, ordered
from tests.fakes.woocommerce.messages import Reply, RestError
from tests.fakes.woocommerce.other_bodies import webhook_body
from tests.fakes.woocommerce.params import missing
from tests.fakes.woocommerce.records import Webhook
from tests.fakes.woocommerce.rest import Api, Call

TOPIC = re.compile(
    r"(coupon|customer|order|product)\.(created|updated|deleted|restored)|action\.(woocommerce|wc)_.+"
)
STATUSES = ("active", "paused", "disabled")
CODE = "woocommerce_rest_shop_webhook_invalid"


class Webhooks:
    def __init__(self, api: Api) -> None:
        self.shop, self.memory = api.shop, api.shop.memory
        api.route("GET", "/wc/v3/webhooks", self.list)
        api.route("POST", "/wc/v3/webhooks", self.create)
        api.route("GET", r"/wc/v3/webhooks/(\d+)", self.show)
        api.route("PUT", r"/wc/v3/webhooks/(\d+)", self.change)
        api.route("DELETE", r"/wc/v3/webhooks/(\d+)", self.delete)

    def body(self, webhook: Webhook) -> dict[str, Any]:
        return webhook_body(webhook, self.shop.site, self.shop.clock)

    def list(self, call: Call) -> Reply:
        page = Page.of(call.params, ("date", "id", "title"))
        status = call.params.choice("status", "all", ("all", *STATUSES))
        call.may_list()
        rows = [one for one in self.memory.webhooks.values() if status in ("all", one.status)]
        rows = ordered(by_id(rows, call.params), page)
        return answer(rows, page, call.params, self.shop.site.rest("webhooks"), self.body)

    def show(self, call: Call) -> Reply:
        call.may_view()
        return call.shown(self.body(self._find(call, 400, "ID is invalid.")))

    def _find(self, call: Call, status: int, message: str) -> Webhook:
        webhook = self.memory.webhooks.get(call.ids[0])
        if webhook is None:
            raise RestError(status, f"{CODE}_id", message)
        return webhook

    def create(self, call: Call) -> Reply:
        given = call.params.body
        absent = [name for name in ("topic", "delivery_url") if name not in given]
        if absent:
            raise missing(*absent)
        call.may_create()
        _check(given, "Webhook topic is required and must be valid.")
        webhook = self._new(call, given)
        reply = call.shown(self.body(webhook), 201, self.shop.site.rest(f"webhooks/{webhook.id}"))
        reply.after = lambda: self.shop.hooks.ping(webhook)
        return reply

    def _new(self, call: Call, given: dict[str, Any]) -> Webhook:
        """It is active whatever was asked for, and belongs to the key's user."""
        now = self.shop.clock.now()
        webhook = Webhook(
            next(self.memory.webhook_ids),
            str(given.get("name") or f"Webhook created on {now:%b %d, %Y @ %I:%M %p}"),
            "active",
            given["topic"],
            given["delivery_url"],
            str(given.get("secret") or secrets.token_urlsafe(37)),
            call.caller.user.id if call.caller.user else 0,
            now,
            now,
        )
        self.memory.webhooks[webhook.id] = webhook
        return webhook

    def change(self, call: Call) -> Reply:
        """Made active again it keeps its failures."""
        call.may_edit()
        webhook = self._find(call, 400, "ID is invalid.")
        given = call.params.body
        _check(given, "Webhook topic must be valid.")
        moved = given.get("delivery_url", webhook.delivery_url) != webhook.delivery_url
        for name in ("topic", "delivery_url", "secret", "status", "name"):
            if given.get(name):
                setattr(webhook, name, given[name])
        webhook.modified = self.shop.clock.now()
        reply = call.shown(self.body(webhook))
        reply.after = lambda: self.shop.hooks.saved(webhook, moved)
        return reply

    def delete(self, call: Call) -> Reply:
        call.may_delete()
        if not call.params.flag("force"):
            text = "Webhooks do not support trashing."
            raise RestError(501, "woocommerce_rest_trash_not_supported", text)
        webhook = self._find(call, 404, "Invalid ID.")
        before = self.body(webhook)
        del self.memory.webhooks[webhook.id]
        return call.shown(before)


def _check(given: dict[str, Any], about_topic: str) -> None:
    if "topic" in given and not TOPIC.fullmatch(str(given["topic"]).lower()):
        raise RestError(400, f"{CODE}_topic", about_topic)
    url = str(given.get("delivery_url", "https://"))
    if not re.match(r"https?://", url):
        text = "Webhook delivery URL must be a valid URL starting with http:// or https://."
        raise RestError(400, f"{CODE}_delivery_url", text)
    if given.get("status", "active") not in STATUSES:
        raise RestError(400, f"{CODE}_status", "Webhook status must be valid.")
