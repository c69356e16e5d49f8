"""The real plugin at work: PHP's own web server with the stand-ins, behind the shop that the tests know."""

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes.woocommerce.auth import Caller
from tests.fakes.woocommerce.messages import Reply, Request
from tests.fakes.woocommerce.store import Store
from tests.support.starting import free_port

HERE = Path(__file__).parent
PLUGIN = HERE.parents[2] / "integrations" / "woocommerce" / "plugin" / "kontor"
TOLD = ("content-type", "location", "set-cookie", "cache-control")
PASSED_ON = ("cookie", "content-type", "accept-language")
PATIENCE = 10.0


def php_path() -> str | None:
    return shutil.which("php")


@dataclass
class WordPress:
    """One site of the plugin's; `store` is the shop it belongs to."""

    folder: Path
    store: Store
    plugin: Path = PLUGIN
    locale: str = "en_US"
    port: int = field(default_factory=free_port)

    def start(self, authority: Path | None) -> None:
        site = self.store.site
        owner = self.store.memory.users[self.store.owner_id]
        users = {
            str(owner.id): {"email": owner.email, "can": ["manage_woocommerce", "activate_plugins"]},
        }
        told = {
            "home": site.home,
            "currency": site.currency,
            "locale": self.locale,
            "authority": str(authority) if authority else None,
            "users": users,
            "products": self._products(),
        }
        (self.folder / "site.json").write_text(json.dumps(told))
        environment = {
            "PATH": os.environ["PATH"],
            "WORDPRESS_FOLDER": str(self.folder),
            "KONTOR_PLUGIN": str(self.plugin),
            "PHP_CLI_SERVER_WORKERS": "3",
        }
        command = [str(php_path()), "-d", "display_errors=stderr", "-d", "error_reporting=32767"]
        command += ["-S", f"127.0.0.1:{self.port}", str(HERE / "router.php")]
        with self.log.open("wb") as log:
            # The server's workers are its children, and it ends without them.
            self._process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        self._wait()

    @property
    def log(self) -> Path:
        return self.folder / "php.log"

    def stop(self) -> None:
        os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(PATIENCE)

    def complaints(self) -> list[str]:
        """What PHP had to say against the code."""
        lines = self.log.read_text(errors="replace").splitlines()
        against = re.compile(r"(Warning|Notice|Deprecated|(Fatal|Parse) error):")
        return [line for line in lines if against.search(line)]

    def ask(self, request: Request, user: int = 0) -> Reply:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {name: value for name, value in request.headers.items() if name in PASSED_ON}
        target = request.path + (f"?{request.query}" if request.query else "")
        try:
            line.request(request.method, target, request.body, {**headers, "X-User": str(user)})
            answer = line.getresponse()
            kept = [(name, value) for name, value in answer.getheaders() if name.lower() in TOLD]
            return Reply(answer.status, answer.read(), kept)
        finally:
            line.close()

    def cron(self, ahead: int = 0) -> int:
        """What is due is done, as if so many seconds had gone by; how much it was."""
        return int(self.ask(Request("GET", "/wp-cron.php", f"ahead={ahead}", {})).body)

    def rest(self, request: Request, route: str, caller: Caller) -> Reply:
        """WooCommerce has checked the keys already."""
        inner = Request(request.method, f"/wp-json{route}", "", request.headers, request.body)
        return self.ask(inner, caller.user.id if caller.user else 0)

    def _products(self) -> list[dict[str, Any]]:
        memory = self.store.memory
        return [
            {
                "id": one.id,
                "name": one.name,
                "price": float(one.price) if one.price else None,
                "stock": one.stock_quantity if one.manage_stock else None,
                "parent": one.parent_id or 0,
            }
            for one in memory.products.values()
        ]

    def _wait(self) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                self.ask(Request("GET", "/wp-cron.php", "", {}))
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError(self.log.read_text())


@contextmanager
def installed(
    folder: Path, store: Store, authority: Path | None, plugin: Path = PLUGIN
) -> Iterator[WordPress]:
    """The plugin is active in this store, which is up already."""
    folder.mkdir(parents=True, exist_ok=True)
    site = WordPress(folder, store, plugin)
    site.start(authority)
    store.website.wordpress = site
    try:
        yield site
    finally:
        store.website.wordpress = None
        site.stop()
