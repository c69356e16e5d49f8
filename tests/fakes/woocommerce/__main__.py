"""`python -m tests.fakes.woocommerce`: a shop of its own process, with something for sale."""

import argparse
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from tests.fakes.woocommerce.site import Site
from tests.fakes.woocommerce.store import OWNER, Store


def main(arguments: list[str]) -> int:
    given = _read(arguments)
    files = (given.cert, given.key) if given.cert else None
    site = Site(host=given.host, port=given.port, path=given.path, woocommerce=given.version)
    authorities = [one.read_bytes() for one in given.ca]
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with Store(site, authorities, files=files) as store:
        fill(store)
        _say(f"{store.url} owner={OWNER[1]} password={OWNER[2]}")
        while not stopped.wait(given.cron_every or None):
            store.run_queue()
    return 0


def fill(store: Store) -> None:
    """A small catalogue, so that there is something to buy."""
    store.add_product("Blue Mug", "MUG-1", "12.50", 30, low_stock_amount=3)
    store.add_product("Poster", "POSTER", "8.00", None)
    shirt = store.add_product("T-Shirt", "TS", "20", None)
    for size, left in (("S", 5), ("M", 2)):
        store.add_variation(shirt, size, f"TS-{size}", "20", left)


def _read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.woocommerce", description=__doc__)
    parser.add_argument("--host", default="localhost", help="the name in its address; it listens on loopback")
    parser.add_argument("--port", type=int, default=0, help="0: a free one, told on the first line")
    parser.add_argument("--path", default="", help="the folder it is installed in, such as /shop")
    parser.add_argument("--version", default="9.9.5", help="the WooCommerce it says it is")
    parser.add_argument("--cert", type=Path, help="its certificate (PEM); none: one of its own")
    parser.add_argument("--key", type=Path, help="the key, where the certificate's file has none")
    parser.add_argument(
        "--ca", type=Path, action="append", default=[], help="trusted for its calls to others"
    )
    parser.add_argument(
        "--cron-every", type=float, default=1.0, help="seconds between two runs of its queue; 0: never"
    )
    return parser.parse_args(arguments)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
