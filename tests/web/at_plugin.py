"""A store with our plugin in it, connected: its shoppers, its owner in wp-admin, and Kontor."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from sqlalchemy import select, update

from core import clock
from core.db import reading, transaction
from core.models import Merchant
from core.models.tables import merchants, settings_versions
from engine import checkups, simulation
from engine.changes import set_mode
from integrations.mailbox import channel
from tests.fakes.woocommerce import OWNER
from tests.fakes.woocommerce.visitors import Browser, Said, send
from tests.fakes.wordpress.running import WordPress, installed
from tests.web.at_store import AtStore, at_store


@dataclass
class Shopper:
    """A browser in the shop; it keeps its cookie and follows nothing by itself."""

    woo: AtStore
    cookie: str = ""
    settings: dict[str, str] = field(default_factory=dict)

    def open(self, path: str, form: dict[str, str] | None = None) -> Said:
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": self.cookie}
        body = urlencode(form) if form is not None else None
        said = send(self.woo.store, "POST" if form is not None else "GET", path, kind, body)
        self.cookie = said.headers.get("set-cookie", self.cookie).partition(";")[0]
        return said

    def put_in_cart(self, product: int, quantity: int = 1) -> Said:
        return self.open(f"/?add-to-cart={product}&quantity={quantity}")

    def go_to_checkout(self) -> Said:
        said = self.open("/checkout/")
        found = re.search(r"window\.kontorCheckout = (\{.*?\});", said.text)
        self.settings = json.loads(found[1]) if found else {}
        return said

    def agree(self, email: str, *, agreed: bool = True, **changed: str) -> Said:
        """What the checkout's script sends once the box is ticked."""
        told = {"nonce": self.settings["nonce"], "wording": self.settings["wording"], "email": email}
        return self.open(self.settings["url"], told | {"agreed": str(int(agreed))} | changed)

    def cart(self) -> list[str]:
        return [unescape(one) for one in re.findall(r'class="in-cart">([^<]+)<', self.open("/").text)]


@dataclass
class AtPlugin:
    woo: AtStore
    wordpress: WordPress
    mug: int
    sold_out: int

    def connect(self) -> None:
        """The owner connects her store; the check-up after it finds the plugin."""
        assert self.woo.connect(OWNER[0]).status_code == 302
        self.look()

    def look(self) -> None:
        checkups.run(self.woo.door.machine)

    def go_live(self) -> None:
        machine = self.woo.door.machine
        set_mode(machine, self.merchant.id, machine.flows["cart_recovery"], "live", "Anna")
        # The shop's clock has whole seconds: what happens in this very one was before.
        since = clock.now() - timedelta(minutes=1)
        mine = (settings_versions.c.merchant_id == self.merchant.id, settings_versions.c.mode == "live")
        with transaction(machine.db) as session:
            session.execute(update(settings_versions).where(*mine).values(live_since=since))

    @property
    def merchant(self) -> Merchant:
        with reading(self.woo.door.machine.db) as session:
            return session.scalars(select(Merchant).order_by(merchants.c.id.desc())).first()  # type: ignore[return-value]

    def deliver(self, ahead: int = 0) -> None:
        """The shop's background work runs, then Kontor's."""
        self.wordpress.cron(ahead)
        self.woo.door.settle()

    def forward(self, span: timedelta) -> None:
        machine = self.woo.door.machine
        simulation.forward(machine, self.merchant.id, clock.now(self.merchant) + span)
        self.woo.door.settle()

    def state(self) -> Any:
        """What the plugin says of itself, asked with the owner's keys."""
        key = next(iter(self.woo.store.memory.keys.values()))
        query = urlencode({"consumer_key": key.consumer_key, "consumer_secret": key.consumer_secret})
        return send(self.woo.store, "GET", f"/wp-json/wc-kontor/v1/connection?{query}", {}, None).body

    def links(self, mail: channel.Entry) -> list[str]:
        """Where the links of a mail lead, at Kontor."""
        opened = channel.read(self.woo.door.machine.runtime, self.merchant.id, mail.id)
        assert opened is not None
        return re.findall(rf"{re.escape(self.woo.hers.base)}(/c/[^\s>]+)", opened.text)

    def follow(self, link: str) -> str:
        """Where in the shop a mail's link ends, without the shop's address."""
        answer = self.woo.door.app.test_client().get(link, base_url=self.woo.hers.base)
        assert answer.status_code == 302, answer.status
        return answer.headers["Location"].removeprefix(self.woo.store.url)

    def sign_in(self) -> Browser:
        """The owner, signed in to her admin."""
        browser = Browser(self.woo.store)
        browser.sign_in()
        return browser

    def admin_page(self, browser: Browser) -> Said:
        return browser.open(f"{self.woo.store.url}/wp-admin/admin.php?page=kontor")

    def frame(self, browser: Browser) -> str:
        """Where the frame in the owner's admin leads, at Kontor."""
        found = re.search(r'<iframe[^>]* src="([^"]+)"', self.admin_page(browser).text)
        assert found
        parts = urlsplit(unescape(found[1]))
        assert f"{parts.scheme}://{parts.netloc}" == self.woo.hers.base
        return f"{parts.path}?{parts.query}"


@contextmanager
def at_plugin(folder: Path, database_url: str, **site: Any) -> Iterator[AtPlugin]:
    with at_store(folder, database_url, **site) as woo:
        mug = woo.store.add_product("Blue Mug", "MUG-1", "12.50", 10)
        sold_out = woo.store.add_product("Lamp", "LAMP", "30", 0)
        with installed(folder / "wordpress", woo.store, folder / "ours.pem") as wordpress:
            yield AtPlugin(woo, wordpress, mug, sold_out)
            assert not (complaints := wordpress.complaints()), complaints
