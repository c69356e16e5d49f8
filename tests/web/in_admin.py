"""A merchant in her Shopify admin, where our pages are shown in a frame and cookies are not kept."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from core.db import reading, transaction
from core.models.tables import connections, members, merchants
from integrations.sandbox import seed
from integrations.sandbox.store import Store
from tests.fakes.shopify import FakeShopify, Shop
from tests.support.kontor import Kontor
from tests.web.doorstep import Doorstep, doorstep

CLIENT_ID, SECRET = "our-client-id", "a-client-secret-of-more-than-32-letters"
IN_FRAME = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "cross-site"}
SCOPES = (
    "read_customer_events",
    "read_fulfillments",
    "read_inventory",
    "read_orders",
    "read_products",
    "write_app_proxy",
    "write_customers",
    "write_discounts",
    "write_pixels",
)


@dataclass
class Admin:
    """Shopify, one shop in it, and Kontor; every page is asked for as by a browser without cookies."""

    shopify: FakeShopify
    shop: Shop
    door: Doorstep

    def token(self, shop: Shop | str | None = None, **claims: Any) -> str:
        return self.shopify.id_token(shop or self.shop, **claims)

    def stale(self) -> str:
        begun = int(self.shopify.now().timestamp()) - 120
        return self.token(iat=begun, nbf=begun, exp=begun + 60)

    def get(self, path: str, bearer: str = "", **query: str) -> TestResponse:
        """One page in the frame, with exactly this query; with `bearer` it is fetched."""
        asked = f"{path}{'&' if '?' in path else '?'}{urlencode(query)}" if query else path
        return self._browser().get(asked, headers=_headers(bearer))

    def visit(self, path: str = "/shopify", token: str | None = None, **more: str) -> TestResponse:
        """As the admin opens the app, redirects followed."""
        told = dict(parse_qsl(urlsplit(self.shopify.open_url(self.shop, path)).query)) | more
        told["id_token"] = token or told["id_token"]
        answer = self.get(path, **told)
        while answer.status_code in (302, 303) and answer.headers["Location"].startswith("/"):
            answer = self.get(answer.headers["Location"])
        return answer

    def post(self, path: str, bearer: str = "", **form: str) -> TestResponse:
        return self._browser().post(path, data=form, headers=_headers(bearer))

    def _browser(self) -> FlaskClient:
        return self.door.app.test_client(use_cookies=False)

    def key(self) -> str:
        return str(self._of(merchants.c.key))

    def connection(self) -> Any:
        with reading(self.door.machine.db) as db:
            return db.execute(select(connections).where(connections.c.domain == self.shop.domain)).one()

    def change_connection(self, **values: Any) -> None:
        with transaction(self.door.machine.db) as db:
            db.execute(update(connections).values(**values))

    def members(self) -> list[str]:
        with reading(self.door.machine.db) as db:
            return sorted(db.execute(select(members.c.platform_user)).scalars())

    def _of(self, column: Any) -> Any:
        found = select(column).join(connections, connections.c.merchant_id == merchants.c.id)
        with reading(self.door.machine.db) as db:
            return db.execute(found.where(connections.c.domain == self.shop.domain)).scalar_one()

    def with_a_past(self) -> str:
        """The shop, connected for some hours: a cart was left and a reminder
        sent. Its key."""
        machine = self.door.machine
        merchant = seed.seed(machine.runtime)
        store = Store(machine.runtime, merchant.id)
        kontor = Kontor(machine, merchant.id, self.door.app.extensions["kontor.door"], store)
        kontor.leave_cart("ada@example.com")
        kontor.forward(hours=2)
        kontor.write(update(merchants).values(platform="shopify"))
        theirs = {"platform": "shopify", "domain": self.shop.domain, "token": b"sealed"}
        kontor.write(update(connections).values(**theirs))
        return merchant.key


@contextmanager
def in_admin(tmp_path: Path, database_url: str, **settings: str) -> Iterator[Admin]:
    with FakeShopify("http://localhost:8000", CLIENT_ID, SECRET) as shopify:
        shop = shopify.add_shop("beans.myshopify.com", scopes=SCOPES)
        given = at_fake(shopify) | settings
        with doorstep(tmp_path, database_url, **given) as door:
            yield Admin(shopify, shop, door)
            hang_up(door)


def hang_up(door: Doorstep) -> None:
    """Lines that were kept open for the next call."""
    kept: list[Any] = [door.app.extensions["kontor.admins"]["shopify"], door.machine.connected["shopify"]]
    for one in kept:
        one._client.close()


def at_fake(shopify: FakeShopify) -> dict[str, str]:
    """The settings by which Kontor takes this Shopify for the real one."""
    return {
        "SHOPIFY_CLIENT_ID": shopify.client_id,
        "SHOPIFY_CLIENT_SECRETS": shopify.client_secret,
        "EXTRA_CA_FILE": str(shopify.ca_file),
        "ALLOW_PRIVATE_SHOPS": "1",
        "DEVELOPMENT_HOSTS": f"*.myshopify.com=127.0.0.1:{shopify.port}",
    }


def _headers(bearer: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {bearer}", "Sec-Fetch-Dest": "empty"} if bearer else IN_FRAME


def policy(answer: TestResponse) -> str:
    return answer.headers["Content-Security-Policy"]


def links(answer: TestResponse) -> list[str]:
    """The pages of ours that this one leads to."""
    found = [unescape(one) for one in re.findall(r'href="([^"]+)"', answer.text)]
    return [one for one in found if one.startswith(("/shops/", "/m/"))]


def asked(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))
