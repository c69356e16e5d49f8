"""The REST API's front: who calls, which route, and errors as bodies."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fakes.woocommerce.auth import Caller, check_permissions, identify
from tests.fakes.woocommerce.messages import Reply, Request, RestError, as_json, encoded
from tests.fakes.woocommerce.office import Office
from tests.fakes.woocommerce.params import Params, only_fields

MOST_IN_BATCH = 100


@dataclass(frozen=True)
class Call:
    """One call on its way through a route."""

    method: str
    params: Params
    caller: Caller
    ids: tuple[int, ...]

    def may_list(self) -> None:
        self.caller.demand("cannot_view", "Sorry, you cannot list resources.")

    def may_view(self) -> None:
        self.caller.demand("cannot_view", "Sorry, you cannot view this resource.")

    def may_create(self) -> None:
        self.caller.demand("cannot_create", "Sorry, you are not allowed to create resources.")

    def may_edit(self) -> None:
        self.caller.demand("cannot_edit", "Sorry, you are not allowed to edit this resource.")

    def may_delete(self) -> None:
        self.caller.demand("cannot_delete", "Sorry, you are not allowed to delete this resource.")

    def shown(self, body: Any, status: int = 200, location: str = "") -> Reply:
        headers = [("Location", location)] if location else None
        return as_json(only_fields(body, self.params.many("_fields")), status, headers)


Handler = Callable[[Call], Reply]
# What somebody else answers under the same roof; None where it is nobody's.
Elsewhere = Callable[[Request, str, Caller], Reply | None]


class Api:
    """`routes` are pairs of method and pattern, with what answers them."""

    def __init__(self, shop: Office) -> None:
        self.shop = shop
        self.routes: list[tuple[str, re.Pattern[str], Handler]] = []
        self.elsewhere: Elsewhere | None = None

    def route(self, method: str, pattern: str, handler: Handler) -> None:
        self.routes.append((method, re.compile(pattern), handler))

    def answer(self, request: Request, route: str, under_wp_json: bool) -> Reply:
        try:
            with self.shop.memory.lock:
                return self._answer(request, route, under_wp_json)
        except RestError as error:
            return as_json(error.body, error.status)

    def _answer(self, request: Request, route: str, under_wp_json: bool) -> Reply:
        caller = identify(self.shop.site, self.shop.memory, request, under_wp_json)
        check_permissions(caller, request.method)
        others = self.elsewhere(request, route, caller) if self.elsewhere else None
        if others is not None:
            return others
        params = Params(request, self.shop.clock)
        batch = re.fullmatch(r"/wc/v3/(orders|products|coupons|webhooks|customers)/batch", route)
        if batch and request.method in ("POST", "PUT", "PATCH"):
            return self._batch(batch[1], params, caller)
        return self._handle(request.method, route, params, caller)

    def _handle(self, method: str, route: str, params: Params, caller: Caller) -> Reply:
        method = "PUT" if method == "PATCH" else method
        for known, pattern, handler in self.routes:
            found = pattern.fullmatch(route)
            if found and (
                known == method or (known == "PUT" and method == "POST" and "\\d" in pattern.pattern)
            ):
                return handler(Call(method, params, caller, tuple(int(one) for one in found.groups())))
        text = "No route was found matching the URL and request method."
        raise RestError(404, "rest_no_route", text)

    def _batch(self, collection: str, params: Params, caller: Caller) -> Reply:
        """200 for the whole; each item has its own body or error."""
        wanted = {kind: params.body.get(kind) or [] for kind in ("create", "update", "delete")}
        if sum(len(items) for items in wanted.values()) > MOST_IN_BATCH:
            text = f"Unable to accept more than {MOST_IN_BATCH} items for this request."
            raise RestError(413, "woocommerce_rest_request_entity_too_large", text)
        caller.demand("cannot_batch", "Sorry, you are not allowed to batch manipulate this resource.")
        replies: dict[str, list[Any]] = {}
        afters: list[Callable[[], None]] = []
        for kind, items in wanted.items():
            for item in items:
                replies.setdefault(kind, []).append(self._item(collection, kind, item, caller, afters))
        done = as_json(replies)
        done.after = lambda: _all(afters)
        return done

    def _item(
        self, collection: str, kind: str, item: Any, caller: Caller, afters: list[Callable[[], None]]
    ) -> Any:
        method = {"create": "POST", "update": "PUT", "delete": "DELETE"}[kind]
        given = item if isinstance(item, dict) else {"id": item}
        one = "" if kind == "create" else f"/{given.get('id', 0)}"
        content = {name: value for name, value in given.items() if name != "id"}
        query = "force=true" if kind == "delete" else ""
        headers = {"content-type": "application/json"}
        inner = Request(method, "", query, headers, encoded(content))
        try:
            params = Params(inner, self.shop.clock)
            reply = self._handle(method, f"/wc/v3/{collection}{one}", params, caller)
        except RestError as error:
            return {"id": given.get("id", 0), "error": error.body}
        if reply.after:
            afters.append(reply.after)
        return reply.json()


def _all(afters: list[Callable[[], None]]) -> None:
    for after in afters:
        after()
