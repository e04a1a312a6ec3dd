from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.spot.sequence import RECENT_MAX, RESTART, Hole, Novelty, TradeNumbers

NEW, REPEATED = (Novelty.NEW, None), (Novelty.REPEATED, None)


def test_consecutive_numbers_are_new_and_complete() -> None:
    numbers = TradeNumbers()
    assert [numbers.see("BTC", n, 1) for n in (7, 8, 9)] == [NEW] * 3


def test_a_jump_within_a_connection_is_a_hole() -> None:
    numbers = TradeNumbers()
    numbers.see("BTC", 7, 1)
    assert numbers.see("BTC", 11, 1) == (Novelty.NEW, Hole("BTC", 8, 3))
    assert str(Hole("BTC", 8, 3)) == "3 trades of BTC are missing, from number 8"


def test_symbols_are_numbered_apart() -> None:
    numbers = TradeNumbers()
    numbers.see("BTC", 7, 1)
    assert numbers.see("ETH", 11, 1) == NEW


def test_a_number_heard_already_is_repeated_whichever_connection_brings_it() -> None:
    numbers = TradeNumbers()
    numbers.see("BTC", 7, 1)
    assert numbers.see("BTC", 7, 1) == REPEATED
    assert numbers.see("BTC", 7, 2) == REPEATED


def test_two_connections_side_by_side_make_no_holes_for_each_other() -> None:
    numbers = TradeNumbers()
    numbers.see("BTC", 7, 1)
    assert numbers.see("BTC", 10, 2) == NEW  # the new connection is ahead
    assert [numbers.see("BTC", n, 1) for n in (8, 9, 10)] == [NEW, NEW, REPEATED]
    assert numbers.see("BTC", 11, 2) == NEW
    assert numbers.closed(1) == []


def test_what_the_successor_never_heard_of_the_end_of_the_old_connection_is_a_hole() -> None:
    numbers = TradeNumbers()
    numbers.see("BTC", 7, 1)
    numbers.see("BTC", 10, 2)
    assert numbers.closed(1) == [Hole("BTC", 8, 2)]
    assert numbers.see("BTC", 11, 2) == NEW


def test_the_first_number_after_a_reconnect_shows_what_was_missed() -> None:
    numbers = TradeNumbers()
    numbers.see("BTC", 7, 1)
    assert numbers.closed(1) == []
    assert numbers.see("BTC", 20, 2) == (Novelty.NEW, Hole("BTC", 8, 12))


def test_a_count_that_begins_anew_is_followed() -> None:
    numbers = TradeNumbers()
    numbers.see("BTC", RESTART + 10, 1)
    assert numbers.see("BTC", 1, 1) == (Novelty.RESTARTED, None)
    assert numbers.see("BTC", 2, 1) == NEW


def test_a_number_far_behind_counts_as_heard() -> None:
    numbers = TradeNumbers()
    numbers.see("BTC", RECENT_MAX + 10, 1)
    assert numbers.see("BTC", 9, 1) == REPEATED


def test_the_exchange_may_be_ahead_of_what_was_heard() -> None:
    numbers = TradeNumbers()
    assert numbers.behind("BTC", 5) == 0
    numbers.see("BTC", 7, 1)
    assert [numbers.behind("BTC", n) for n in (6, 7, 9)] == [0, 0, 2]


@given(st.data())
def test_every_trade_is_new_once_and_every_hole_is_told_whatever_the_overlap(data: st.DataObject) -> None:
    """Two connections deliver parts of 1..40; the old one ends somewhere after the new one began."""
    start = data.draw(st.integers(1, 30))
    old = [n for n in range(1, 41) if n < start or data.draw(st.booleans())][: data.draw(st.integers(1, 40))]
    old = [n for n in old if n <= start + 5] or [1]
    new = list(range(start, 41))
    numbers = TradeNumbers()
    fresh: list[int] = []
    holes: list[Hole] = []
    queues = [(1, list(old)), (2, list(new))]
    while any(queue for _, queue in queues):
        index = data.draw(st.sampled_from([i for i, (_, queue) in enumerate(queues) if queue]))
        connection, queue = queues[index]
        trade = queue.pop(0)
        novelty, hole = numbers.see("BTC", trade, connection)
        fresh += [trade] if novelty is Novelty.NEW else []
        holes += [hole] if hole else []
    holes += numbers.closed(1)
    assert sorted(fresh) == sorted({*old, *new})
    told = {n for hole in holes for n in range(hole.first, hole.first + hole.count)}
    assert set(range(min(fresh), 41)) - set(fresh) <= told
