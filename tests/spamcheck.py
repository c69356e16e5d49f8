"""Has SpamAssassin judge each of our default mails in both languages: `python -m tests.spamcheck`.

Each must stay under one point of the five that are usual for spam. Nobody is
asked over the network; what depends on a sender's own records is not judged.
"""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from itertools import product

from core import clock
from core.config import Config, read_config
from core.events import Line
from core.models import Merchant
from core.money import Money
from engine import links, notice_letters, plain_letters, sign_in_letters
from engine.letters import message_of
from engine.rendering import Brand, Content, Letter, Offer, render
from engine.shop_settings import ShopSettings
from engine.words import FOLDER
from integrations.mime import build
from integrations.roles import Message

PROGRAM, MOST = "spamassassin", 1.0
CONTENTS: tuple[Content, ...] = ("reminder", "answers", "incentive", "last_call")
LANGUAGES = ("en", "de")
RULES = "use_bayes 0\nreport_safe 0\n"
SHOP = ShopSettings(
    sender_name="Haus & Hof",
    reply_to="hallo@haus.example",
    imprint="Haus & Hof GmbH\nLindenallee 12\n04109 Leipzig",
)
TOTAL = Money(4870, "EUR")


def main() -> int:
    """0 where all stay under a point; each is told with its figure."""
    if shutil.which(PROGRAM) is None:
        print("SpamAssassin is missing (Debian: apt-get install spamassassin), so nothing was checked.")
        return 1
    told = {"KONTOR_ENV": "development", "APP_URL": "https://kontor.example"}
    named = list(mails(read_config(told | {"MAIL_FROM": "post@kontor.example"})))
    with ThreadPoolExecutor(2) as threads:
        judged = list(threads.map(lambda one: judge(build(one[1], clock.now())), named))
    for (name, _), (score, rules) in zip(named, judged, strict=True):
        print(f"{max(score, 0):5.1f}  {name:32} {rules}")
    worst = max(0.0, *(score for score, _ in judged))
    print(f"{len(named)} mails, the worst has {worst:.1f} points; each must stay under {MOST:.1f}.")
    return 0 if worst < MOST else 1


def judge(mail: bytes) -> tuple[float, str]:
    """The points and the rules that gave or took some."""
    command = [PROGRAM, "--local", "--nocreate-prefs", f"--cf={RULES}"]
    done = subprocess.run(command, input=mail.replace(b"\r\n", b"\n"), capture_output=True, check=True)
    told = " ".join(str(message_from_bytes(done.stdout)["X-Spam-Status"]).split())
    found = re.search(r"score=(-?[\d.]+) .*tests=([A-Z0-9_, ]+)", told)
    assert found is not None, told
    return float(found[1]), found[2].replace(" ", "").strip(",")


def mails(config: Config) -> Iterator[tuple[str, Message]]:
    """Each mail by its name: what shoppers get, and what merchants get."""
    for language, content in product(LANGUAGES, CONTENTS):
        yield f"{content} ({language})", _to_a_shopper(config, language, content)
    for language in LANGUAGES:
        yield from _to_a_merchant(config, _merchant(language), language)


def _to_a_shopper(config: Config, language: str, content: Content) -> Message:
    offers = content in ("incentive", "last_call")
    offer = Offer("HERBST-7K", "percent", 10, "EUR", clock.now() + timedelta(days=2), "Europe/Berlin")
    letter = Letter(
        flow="cart_recovery",
        content=content,
        locale="de-DE" if language == "de" else "en-GB",
        brand=Brand(SHOP.sender_name, SHOP.imprint, SHOP.reply_to),
        first_name="Anna",
        lines=tuple(_lines()),
        total=TOTAL,
        cart_url=links.click_url(config, 1, 2, "cart"),
        unsubscribe_url=links.unsubscribe_url(config, 1, 2, 3),
        discount=offer if offers else None,
    )
    key = f"spamcheck-{content}-{language}"
    message = message_of(config, _merchant(language), SHOP, key, "anna@mailbox.example", render(letter))
    message.headers.update(links.unsubscribe_headers(letter.unsubscribe_url))  # type: ignore[attr-defined] # A dict by default.
    return message


def _lines() -> Iterator[Line]:
    for title, minor in (("Teekanne", 2990), ("Teeschale", 1880)):
        picture = f"https://haus.example/{title.lower()}.jpg"
        yield Line("p", "v", title, 1, Money(minor, "EUR"), image_url=picture, url="https://haus.example/p")


def _to_a_merchant(config: Config, merchant: Merchant, language: str) -> Iterator[tuple[str, Message]]:
    to, token = "mara@mailbox.example", "a-token-of-a-link"
    for kind in _kinds("notices.toml"):
        notice = _Notice(kind.removesuffix("_mended"), mended=kind.endswith("_mended"))
        yield f"{kind} ({language})", notice_letters.letter(config, merchant, notice, to, 1)
    for kind in _kinds("sign_in.toml"):
        letter = sign_in_letters.letter(config, merchant, kind, to, token, whom="b…@haus.example", by="Mara")
        yield f"{kind} ({language})", letter
    for kind in _kinds("sender.toml"):
        words = plain_letters.words_of("sender.toml", kind, language)
        told = {"shop": merchant.name, "code": "314159"}
        where = {"to": to, "key": f"spamcheck-{kind}", "link": "https://kontor.example/m/key/sender"}
        yield f"{kind} ({language})", plain_letters.letter(config, words, told, locale=language, **where)


def _kinds(file: str) -> list[str]:
    return list(tomllib.loads((FOLDER / file).read_text()))


class _Notice:
    """A notice as its row tells it."""

    id, round, detail = 1, 1, "5"

    def __init__(self, kind: str, *, mended: bool) -> None:
        self.kind, self.mended_at = kind, datetime(2026, 1, 1, tzinfo=UTC) if mended else None


def _merchant(language: str) -> Merchant:
    return Merchant(id=1, key="key", name="Haus & Hof", platform="any", locale=language)


if __name__ == "__main__":
    sys.exit(main())
