"""One message rendered and built, against the plain way."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from bench.figures import Figure, ratio
from bench.floors import message as floor
from bench.servers import Servers
from core.events import Line
from core.money import Money
from engine.rendering import Brand, Letter, render
from integrations.mime import build
from integrations.roles import Message

ROUNDS = 9
COUNT = 200
BRAND = Brand("Small shop", "Shop\nStreet 1\n10115 Berlin", "shop@shop.example")
HEADERS = {
    "List-Unsubscribe": "<https://kontor.example/u/1>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
}


def figures(_servers: Servers) -> list[Figure]:
    ours: list[float] = []
    plain: list[float] = []
    for number in range(ROUNDS):
        for make, rates in ((plainly_made, plain), (made, ours)):
            rate = _rate(make, number * COUNT)
            if number:
                rates.append(rate)
    what = f"message rendered and built against EmailMessage ({len(made(1)) // 1024} KB, {_floor_size()} KB)"
    return [ratio("messages", what, ours, plain, unit="/s", at_least=2.0)]


def made(number: int) -> bytes:
    """Our way, for the same cart."""
    lines = tuple(
        Line(
            f"p{n}", f"v{n}", f"Woollen blanket no. {n}", n, Money(8900 * n, "EUR"),
            image_url=f"https://shop.example/{n}.png",
        )
        for n in (1, 2, 3)
    )  # fmt: skip
    letter = Letter(
        flow="cart_recovery",
        content="reminder",
        locale="en",
        brand=BRAND,
        first_name="Anna",
        lines=lines,
        total=Money(53400, "EUR"),
        cart_url=f"https://kontor.example/c/{number}",
        unsubscribe_url=f"https://kontor.example/u/{number}",
    )
    rendered = render(letter)
    message = Message(
        key=str(number),
        message_id=f"<{number}@kontor.example>",
        sender_name="Small shop",
        sender_address="kontor@kontor.example",
        to=f"anna-{number}@example.com",
        subject=rendered.subject,
        html=rendered.html,
        text=rendered.text,
        reply_to="shop@shop.example",
        headers=HEADERS,
    )
    return build(message, datetime.now(UTC))


def plainly_made(number: int) -> bytes:
    return floor.build(number)


def _floor_size() -> int:
    return len(plainly_made(1)) // 1024


def _rate(make: Callable[[int], bytes], start: int) -> float:
    began = time.perf_counter()
    for number in range(start, start + COUNT):
        make(number)
    return COUNT / (time.perf_counter() - began)
