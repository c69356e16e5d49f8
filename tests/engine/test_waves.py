"""Waiting lines told in waves: in order, never too many, and whoever is not told keeps the place."""

from tests.engine.line import MUG, lines, open_line, states, told
from tests.engine.stories import with_postbox
from tests.support.kontor import Kontor


def test_people_are_told_in_their_order_three_for_each_piece_and_the_rest_an_hour_later(
    kontor_on_both: Kontor,
) -> None:
    kontor = kontor_on_both
    postbox = with_postbox(kontor)
    open_line(kontor, 10)
    kontor.hear(kontor.store.restock(MUG, 2))
    kontor.forward(minutes=1)
    assert told(postbox) == []
    kontor.forward(minutes=2)
    assert told(postbox) == [0, 1, 2, 3, 4, 5]
    kontor.forward(minutes=55)
    assert len(told(postbox)) == 6
    kontor.forward(minutes=10)
    assert sorted(told(postbox)) == list(range(10))
    assert set(states(kontor)) == {"told"}
    kontor.forward(minutes=60)
    assert lines(kontor) == [("over", None)]


def test_a_piece_that_goes_within_two_minutes_tells_nobody(kontor: Kontor) -> None:
    postbox = with_postbox(kontor)
    open_line(kontor, 3)
    for _ in range(3):
        kontor.hear(kontor.store.restock(MUG, 1))
        kontor.forward(minutes=1)
        kontor.hear(kontor.store.sell_out(MUG))
        kontor.forward(minutes=5)
    assert told(postbox) == []
    assert states(kontor) == ["waiting"] * 3
    assert set(lines(kontor)) == {("over", "out_of_stock")}
