"""The settings under which a fake shop can be connected, and whether they are set."""

import sys
import time
from pathlib import Path

import httpx2

from core.config import Config
from core.http import authorities
from web.fakes import authority

FOLDER = Path("var/fakes")
FRONT_PORT, SHOPIFY_PORT = 8443, 9443
CLIENT_ID = "fake-client-id"
STARTS_WITHIN = 20.0
HOW = """\
Kontor does not know the fakes yet. Type once
    .venv/bin/python app.py fake-settings >> .env
and start it again with: make run
"""


class NotReady(Exception):
    """What the developer has to do first."""


def told(folder: Path, front: int, shopify: int) -> str:
    """Lines for .env."""
    lines = {
        "KONTOR_ENV": "development",
        "APP_URL": f"https://localhost:{front}",
        "EXTRA_CA_FILE": folder / authority.AUTHORITY,
        "ALLOW_PRIVATE_SHOPS": 1,
        "DEVELOPMENT_HOSTS": f"*.myshopify.com=127.0.0.1:{shopify}",
        "SHOPIFY_CLIENT_ID": CLIENT_ID,
    }
    about = "# Fake shops of development (python app.py connect-fake); without these lines there are none."
    return "\n".join([about, *(f"{name}={value}" for name, value in lines.items())])


def folder_of(config: Config) -> Path:
    """Where authority and certificate lie. Raises NotReady where the settings are not ours."""
    file = config.extra_ca_file
    fits = config.app_url.startswith("https://localhost:") and config.allow_private_shops
    if file is None or not fits or not config.development_hosts or not config.shopify_client_id:
        raise NotReady(HOW)
    if not file.exists():
        authority.ensure(file.parent)
        raise NotReady("The fakes' certificate was gone and is made anew. Start Kontor again: make run\n")
    return file.parent


def shopify_port(config: Config) -> int:
    return int(config.development_hosts[0].rpartition(":")[2])


def demand_running(config: Config) -> None:
    """Through the TLS front; one that only just starts is waited for. Raises NotReady."""
    if _is_healthy(config):
        return
    sys.stderr.write(f"Waiting for Kontor at port {config.port}; if it is not started yet: make run\n")
    ends = time.monotonic() + STARTS_WITHIN
    while not _is_healthy(config):
        if time.monotonic() > ends:
            raise NotReady(f"Kontor does not answer at port {config.port}; start it first with: make run\n")
        time.sleep(0.5)


def _is_healthy(config: Config) -> bool:
    try:
        with httpx2.Client(verify=authorities(config.extra_ca_file), trust_env=False, timeout=10) as client:
            return client.get(f"{config.app_url}/healthz").status_code == 200
    except httpx2.TransportError:
        return False
