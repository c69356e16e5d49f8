"""The six products of the sandbox shop, in English and in German."""

from dataclasses import dataclass
from datetime import datetime

from integrations.sandbox.bodies import ProductBody, StockBody, VariantBody

SHOP_NAME = "Birch & Ember"
CURRENCY = "EUR"


@dataclass(frozen=True, slots=True)
class Item:
    """A product as we think it up; variants are (ref, English, German, price)."""

    ref: str
    title: tuple[str, str]
    about: tuple[str, str]
    kind: str
    variants: tuple[tuple[str, str, str, int], ...]
    units: int = 12


ITEMS = (
    Item(
        "mug",
        ("Enamel mug", "Emaillebecher"),
        ("For the first coffee, by the stove or the tent.", "Für den ersten Kaffee, am Herd oder am Zelt."),
        "kitchen",
        (("mug", "", "", 1800),),
    ),
    Item(
        "blanket",
        ("Wool blanket", "Wolldecke"),
        ("Lambswool, woven with a wide stripe.", "Lammwolle, mit breitem Streifen gewebt."),
        "home",
        (
            ("blanket-clay", "Clay", "Ton", 8900),
            ("blanket-moss", "Moss", "Moos", 8900),
            ("blanket-night", "Night", "Nacht", 9400),
        ),
        units=4,
    ),
    Item(
        "candle",
        ("Beeswax candle", "Bienenwachskerze"),
        ("Forty hours of warm light.", "Vierzig Stunden warmes Licht."),
        "home",
        (("candle", "", "", 1450),),
        units=30,
    ),
    Item(
        "teapot",
        ("Stoneware teapot", "Teekanne aus Steinzeug"),
        ("Thrown by hand, holds one litre.", "Von Hand gedreht, fasst einen Liter."),
        "kitchen",
        (("teapot", "", "", 5400),),
        units=5,
    ),
    Item(
        "plant",
        ("Olive tree, potted", "Olivenbäumchen im Topf"),
        ("Knee-high, likes a sunny sill.", "Kniehoch, mag ein sonniges Fensterbrett."),
        "garden",
        (("plant", "", "", 3600),),
        units=7,
    ),
    Item(
        "beans",
        ("Espresso beans, 500 g", "Espressobohnen, 500 g"),
        ("Roasted on Mondays, dark and mild.", "Montags geröstet, dunkel und mild."),
        "food",
        (("beans", "", "", 1690),),
        units=20,
    ),
)


def products(base_url: str, now: datetime) -> list[ProductBody]:
    return [_product(item, base_url, now) for item in ITEMS]


def _product(item: Item, base_url: str, now: datetime) -> ProductBody:
    return ProductBody(
        ref=item.ref,
        title=item.title[0],
        title_de=item.title[1],
        about=item.about[0],
        about_de=item.about[1],
        updated_at=now,
        currency=CURRENCY,
        variants=tuple(_variant(item, variant) for variant in item.variants),
        url=f"{base_url}/sandbox#{item.ref}",
        image_url=f"{base_url}/static/sandbox/{item.ref}.png",
        kind=item.kind,
    )


def _variant(item: Item, variant: tuple[str, str, str, int]) -> VariantBody:
    ref, title, title_de, price = variant
    stock = StockBody(kind="units", units=item.units)
    return VariantBody(ref=ref, title=title, title_de=title_de, sku=ref.upper(), price=price, stock=stock)


def units_at_first(variant_ref: str) -> int:
    """How many pieces a restock brings."""
    return next(i.units for i in ITEMS if variant_ref in {ref for ref, *_ in i.variants})
