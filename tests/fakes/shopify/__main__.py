"""Starts a Shopify as a program of its own: python -m tests.fakes.shopify --app-url http://localhost:8000."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from tests.fakes.shopify.fake import FakeShopify
from tests.fakes.shopify.schema import admin_schema


def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    certificate = (given.cert, given.key) if given.cert and given.key else None
    admin_schema()
    fake = FakeShopify(
        given.app_url,
        given.client_id,
        given.client_secret,
        webhook_path=given.webhook_path,
        port=given.port,
        certificate=certificate,
        app_ca=given.app_ca,
        auto_install=True,
    )
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with fake:
        sys.stdout.write(f"listening on 127.0.0.1:{fake.port}\n")
        if certificate is None:
            sys.stdout.write(f"authority {fake.ca_file}\n")
        sys.stdout.flush()
        ended.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.shopify", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one and says which")
    parser.add_argument("--app-url", required=True, help="where the app is reached; webhooks go there")
    parser.add_argument("--client-id", required=True)
    parser.add_argument("--client-secret", required=True)
    parser.add_argument("--webhook-path", default="/webhooks/shopify")
    parser.add_argument(
        "--cert", type=Path, help="certificate chain for *.myshopify.com; without it one is made"
    )
    parser.add_argument("--key", type=Path)
    parser.add_argument("--app-ca", type=Path, help="an authority to trust when webhooks go to https")
    return parser


if __name__ == "__main__":
    sys.exit(main())
