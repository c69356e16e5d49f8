"""A merchant with a WooCommerce store who connects it: her browser, the store, and Kontor behind TLS."""

import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import select, update
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from core.db import reading, transaction
from core.models.tables import connecting, connections, members, merchants
from engine import attempts
from integrations.mailbox import channel
from tests.fakes.woocommerce import OWNER, Store, woocommerce_store
from tests.fakes.woocommerce.visitors import Browser
from tests.support.certificates import make_authority
from tests.web.doorstep import Doorstep, doorstep

START, BACK = "/connect/woocommerce", "/connect/woocommerce/back"


class Pages:
    """One browser at our pages: keeps cookies, sends each form with its token."""

    def __init__(self, door: Doorstep, visitor: str = "203.0.113.7") -> None:
        self.door, self.base = door, door.machine.config.app_url
        self.client = door.app.test_client()
        self._from = {"REMOTE_ADDR": visitor}
        self.text = self._token = ""

    def get(self, path: str) -> TestResponse:
        return self._shown(self.client.get(path, base_url=self.base, environ_overrides=self._from))

    def post(self, path: str, **typed: str) -> TestResponse:
        told = typed | {"csrf_token": self._token}
        return self._shown(
            self.client.post(
                path,
                data=told,
                base_url=self.base,
                environ_overrides=self._from,
                headers={"Referer": self.base + path},
            )
        )

    def _shown(self, answer: TestResponse) -> TestResponse:
        if answer.mimetype == "text/html" and answer.status_code not in (302, 303):
            self.text = unescape(answer.text)
            found = re.search(r'name="csrf_token" value="([^"]+)"', self.text)
            self._token = found[1] if found else self._token
        return answer


@dataclass
class AtStore:
    """`back` is where the store sent the merchant last."""

    door: Doorstep
    store: Store
    back: str = ""
    hers: Pages = field(init=False)

    def __post_init__(self) -> None:
        self.hers = Pages(self.door)

    @property
    def domain(self) -> str:
        return self.store.url.removeprefix("https://")

    def begin(self, pages: Pages | None = None, email: str = "anna@example.com", typed: str = "") -> str:
        """Type the address; where in her store she is sent to."""
        pages = pages or self.hers
        pages.get(f"{START}?lang=en")
        answer = pages.post(START, address=typed or self.store.url, email=email)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def approve(self, url: str) -> str:
        """Log in at the store and approve there; where the store sends the browser back to."""
        wanted = dict(parse_qsl(urlsplit(url).query))
        browser = Browser(self.store)
        consent = browser.sign_in(**wanted)
        said = browser.click(consent, "approve").headers.get("location", "")
        self.back = said.removeprefix(self.door.machine.config.app_url)
        return self.back

    def deny(self, url: str) -> str:
        """The same, with the other answer: a plain link back."""
        consent = Browser(self.store).sign_in(**dict(parse_qsl(urlsplit(url).query)))
        found = re.search(r"href='([^']*)' class='button wc-auth-deny'", consent)
        assert found
        return unescape(found[1]).removeprefix(self.door.machine.config.app_url)

    def settle(self) -> None:
        """The moment that is left for another browser has gone by."""
        with transaction(self.door.machine.db) as session:
            handed = connecting.c.handed_at.is_not(None)
            for row in session.execute(select(connecting).where(handed)).all():
                earlier = {"handed_at": row.handed_at - attempts.SETTLING}
                session.execute(update(connecting).where(connecting.c.id == row.id).values(**earlier))

    def connect(self, email: str = "anna@example.com", pages: Pages | None = None) -> TestResponse:
        """The whole way; the answer to her confirmation."""
        pages = pages or self.hers
        assert pages.get(self.approve(self.begin(pages, email))).status_code == 200
        self.settle()
        return pages.post("/connect/woocommerce/confirm")

    def rows(self, table: Any) -> list[Any]:
        with reading(self.door.machine.db) as session:
            return list(session.execute(select(table).order_by(table.c.id)))

    @property
    def shops(self) -> list[Any]:
        return self.rows(connections)

    @property
    def members(self) -> list[Any]:
        return self.rows(members)

    @property
    def key(self) -> str:
        return str(self.rows(merchants)[-1].key)

    def mails(self) -> list[channel.Entry]:
        """What Kontor wrote, the newest first."""
        return channel.listing(self.door.machine.runtime, self.shops[0].merchant_id)

    def link(self, to: str = "") -> str:
        """The path of the link in the newest mail, or in the newest to somebody."""
        mail = next(one for one in self.mails() if to in ("", one.to))
        opened = channel.read(self.door.machine.runtime, self.shops[0].merchant_id, mail.id)
        assert opened is not None
        found = re.search(rf"{self.hers.base}(/[^\s]+)", opened.text)
        assert found
        return found[1]


def _behind(apps: list[Any]) -> Any:
    """The app is made once its own port is known."""

    def app(environ: Any, start_response: Any) -> Any:
        return apps[0](environ, start_response)

    return app


@contextmanager
def at_store(folder: Path, database_url: str, **site: Any) -> Iterator[AtStore]:
    """Both trust one authority; the store calls us at a real port, as it calls anybody."""
    ours = make_authority("localhost")
    (folder / "ours.pem").write_bytes(ours.certificate)
    (folder / "host.pem").write_bytes(ours.host_chain)
    apps: list[Any] = []
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "host.pem")
    server = make_server("127.0.0.1", 0, _behind(apps), threaded=True, ssl_context=tls)
    settings = {
        "APP_URL": f"https://localhost:{server.server_port}",
        "ALLOW_PRIVATE_SHOPS": "1",
        "EXTRA_CA_FILE": str(folder / "ours.pem"),
        "SANDBOX": "0",
    }
    with ExitStack() as stack:
        store = stack.enter_context(woocommerce_store(authorities=[ours.certificate], authority=ours, **site))
        door = stack.enter_context(doorstep(folder, database_url, **settings))
        apps.append(door.app.wsgi_app)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield AtStore(door, store)
        finally:
            server.shutdown()
            server.server_close()
            thread.join(10)


__all__ = ["BACK", "OWNER", "START", "AtStore", "Pages", "at_store"]
