"""From a stored webhook to the first step decided, by an idle worker."""

import http.client
import json
import random
import time
from functools import partial
from typing import Any

from sqlalchemy import func, select

from bench.door import RECORDED
from bench.figures import Figure, measured
from bench.filling import SHOPIFY_SECRET, shopify_merchant
from bench.servers import Pair, Servers, wait_until, web, worker
from core import clock
from core.db import reading
from core.models.tables import decisions, inbound
from engine.machine import Machine
from integrations.shopify.sign import rebase, sign

# Together fewer than the blast guard would hold. PostgreSQL plans a statement anew
# five times on each of the worker's connections, which take turns.
WARM = 20
CARTS = 28
GOALS = {"SQLite": 100.0, "PostgreSQL": 20.0}


def figures(servers: Servers) -> list[Figure]:
    return [_of(servers.pair(kind)) for kind in GOALS]


def _of(pair: Pair) -> Figure:
    machine = pair.machine()
    shop = shopify_merchant(machine)
    with web("app:create_app()", pair.settings, workers=1) as (port, _), worker(pair.settings):
        for number in range(WARM + CARTS):
            _leave_cart(port, shop, number)
            # Nobody looks while it is measured; the next one is left at any moment of
            # the worker's look-outs, not in step with them.
            time.sleep(random.uniform(0.1, 0.3))
            wait_until(partial(_have_begun, machine, number + 1))
    waits = _waits(machine)[WARM:]
    machine.db.dispose()
    what = f"webhook stored to first step decided, {pair.name}"
    return measured(f"deciding_{pair.name.lower()}", what, waits, unit="ms", at_most=GOALS[pair.name])


def _leave_cart(port: int, shop: str, number: int) -> None:
    """The recorded checkout, as if somebody else had left it just now."""
    payload: dict[str, Any] = rebase(json.loads(RECORDED.read_bytes()), clock.now())
    payload |= {"token": f"t{number}", "cart_token": f"c{number}", "email": f"anna-{number}@example.com"}
    payload["buyer_accepts_marketing"] = True
    payload["customer"] |= {"id": number + 1}
    body = json.dumps(payload).encode()
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    line.request("POST", "/webhooks/shopify", body, sign(body, SHOPIFY_SECRET, "checkouts/create", shop=shop))
    assert line.getresponse().status == 200
    line.close()


def _have_begun(machine: Machine, count: int) -> bool:
    """Whether so many carts have started a trip."""
    enrolled = select(func.count()).where(decisions.c.kind == "enrolled")
    with reading(machine.db) as session:
        return bool(session.execute(enrolled).scalar_one() == count)


def _waits(machine: Machine) -> list[float]:
    """Milliseconds, as the rows tell, oldest first."""
    found = select(inbound.c.received_at, inbound.c.handled_at).order_by(inbound.c.id)
    with reading(machine.db) as session:
        rows = session.execute(found).all()
    return [(row.handled_at - row.received_at).total_seconds() * 1000 for row in rows]
