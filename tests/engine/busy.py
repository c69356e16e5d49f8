"""A busy hour in a shop at a fake platform: deeds that follow from the dice alone."""

import random
from typing import Any

from tests.engine.connected import AtShopify, AtWooCommerce, Connected

PEOPLE = ("anna@example.com", "ben@example.com", "cleo@example.com")
DEEDS = 40
AFTERWARDS = ("pay", "cancel", "refund", "ship")


def hour(connected: Connected, dice: random.Random) -> None:
    if isinstance(connected, AtShopify):
        _AtShopify(connected, dice).run()
    else:
        assert isinstance(connected, AtWooCommerce)
        _AtStore(connected, dice).run()


class _AtShopify:
    def __init__(self, shopify: AtShopify, dice: random.Random) -> None:
        self.fake, self.shop, self.dice = shopify.fake, shopify.shop, dice
        for email in PEOPLE:
            self.shop.add_customer(email)
        titles = ("Mug", "Plate", "Bowl")
        self.goods = [self.shop.add_product(one, stock=50, silent=False).variants[0] for one in titles]
        self.checkouts: list[Any] = []
        self.placed: list[Any] = []

    def run(self) -> None:
        shopping = (self.leave, self.leave, self.change, self.buy, self.buy)
        deeds = (*shopping, self.afterwards, self.restock, self.restock, self.edit, self.decide, self.decide)
        for _ in range(DEEDS):
            self.dice.choice(deeds)()
            self.fake.forward(seconds=self.dice.randint(1, 90))

    def leave(self) -> None:
        wanted = [(self.dice.choice(self.goods), 1)]
        self.checkouts.append(self.shop.leave_checkout(self.dice.choice(PEOPLE), wanted))

    def change(self) -> None:
        if self.checkouts:
            wanted = [(self.dice.choice(self.goods), 2)]
            self.shop.change_checkout(self.dice.choice(self.checkouts), wanted)

    def buy(self) -> None:
        checkout = self.checkouts.pop() if self.checkouts and self.dice.random() < 0.7 else None
        if checkout is not None:
            self.placed.append(self.shop.place_order(checkout))
        else:
            wanted = [(self.dice.choice(self.goods), 1)]
            self.placed.append(self.shop.place_order(None, self.dice.choice(PEOPLE), wanted, paid=False))

    def afterwards(self) -> None:
        if self.placed:
            order = self.placed.pop(self.dice.randrange(len(self.placed)))
            getattr(self.shop, self.dice.choice(AFTERWARDS))(order)

    def restock(self) -> None:
        self.shop.set_stock(self.dice.choice(self.goods), self.dice.choice((0, 0, 1, 4, 9)))

    def edit(self) -> None:
        good = self.dice.choice(self.goods)
        if self.dice.random() < 0.5:
            self.shop.change_price(good, self.dice.randint(10, 90))
        else:
            self.shop.change_product(good.product, status=self.dice.choice(("ACTIVE", "DRAFT")))

    def decide(self) -> None:
        """Somebody agrees to advertising, or objects."""
        customer = self.shop.memory.customer_of(self.dice.choice(PEOPLE))
        assert customer is not None
        self.shop.set_consent(customer, self.dice.choice(("SUBSCRIBED", "UNSUBSCRIBED")))


class _AtStore:
    def __init__(self, woo: AtWooCommerce, dice: random.Random) -> None:
        self.store, self.dice = woo.store, dice
        self.drafts: list[int] = []
        self.placed: list[int] = []

    def run(self) -> None:
        deeds = (self.leave, self.leave, self.change, self.buy, self.buy, self.afterwards, self.restock)
        for _ in range(DEEDS):
            self.dice.choice(deeds)()
            self.store.advance(seconds=self.dice.randint(1, 90))
            if self.dice.random() < 0.5:
                self.store.run_queue()
        self.store.run_queue()

    def leave(self) -> None:
        self.drafts.append(self.store.leave_draft(self.dice.choice(PEOPLE), [(self.goods(), 1)]))

    def change(self) -> None:
        if self.drafts:
            self.store.change_cart(self.dice.choice(self.drafts), [(self.goods(), 2)])

    def buy(self) -> None:
        if self.drafts and self.dice.random() < 0.7:
            self.placed.append(self.store.place(self.drafts.pop(), "card"))
        else:
            self.placed.append(self.store.order(self.dice.choice(PEOPLE), [(self.goods(), 1)]))

    def afterwards(self) -> None:
        if self.placed:
            order = self.placed.pop(self.dice.randrange(len(self.placed)))
            deed = self.dice.choice((self.store.complete, self.store.cancel, self.refund))
            deed(order)

    def refund(self, order: int) -> None:
        self.store.refund(order, "1.00")

    def restock(self) -> None:
        self.store.set_stock(self.goods(), self.dice.randint(0, 9))

    def goods(self) -> str:
        return self.dice.choice(("MUG", "PLATE"))
