"""Books against the stream: what is checked, what is lost, and what only casts a doubt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.polymarket.market_channel.shelf import ASK_FIRST_NS, ASK_MOST_NS
from shared.domain.instants import SECOND
from shared.domain.messages import BookChange, BookSnapshot, FeedNotice, NoticeKind
from shared.domain.money import ONE
from shared.domain.order import Side
from shared.engine.books import Book
from tests.shared.adapters.polymarket.market_channel.frames import (
    ASKS,
    BIDS,
    MARKET,
    NO,
    NOW,
    NOW_MS,
    YES,
    Listening,
    book,
    change,
    changes,
    tick,
    told_books,
    told_changes,
    trade,
)

CENTS = st.integers(1, 99)
SIZES = st.sampled_from(["0", "1", "12.5", "0.01"])
SIDES = st.sampled_from(["BUY", "SELL"])


def ready() -> Listening:
    listening = Listening()
    listening.take([book(), book(NO)])
    return listening


def best(bid: str, ask: str) -> dict[str, object]:
    return {
        "event_type": "best_bid_ask",
        "market": MARKET,
        "asset_id": YES,
        "best_bid": bid,
        "best_ask": ask,
        "timestamp": str(NOW_MS),
    }


@given(st.lists(st.tuples(SIDES, CENTS, SIZES), min_size=1, max_size=40))
def test_the_channels_books_move_exactly_as_the_engines_do(steps: list[tuple[str, int, str]]) -> None:
    listening = Listening(YES)
    listening.take(book())
    plain = Book({400_000: 100 * ONE, 450_000: 50 * ONE}, {550_000: 30 * ONE, 500_000: 20 * ONE}, NOW)
    for number, (side, cents, size) in enumerate(steps, start=1):
        listening.take(changes(change(f"0.{cents:02d}", size, side), at=NOW_MS + number))
        plain.change(Side(side), cents * 10_000, round(float(size) * ONE), NOW)
        kept = listening.shelf.kept[YES].book
        if plain.crossed:
            assert kept is None
            return
        assert kept is not None
        assert (kept.bids, kept.asks) == (plain.bids, plain.asks)
        assert (kept.best_bid, kept.best_ask) == (plain.best_bid, plain.best_ask)


def test_best_prices_that_agree_keep_the_book() -> None:
    listening = ready()
    listening.take(changes(change("0.46", "1", best=("0.46", "0.5"))))
    assert listening.bests() == (460_000, 500_000)
    assert listening.shelf.counts.resyncs == 0


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (("0.47", "0.5"), "best_bid is 0.47 at the venue, 0.46 here"),
        (("0.46", "0.49"), "best_ask is 0.49 at the venue, 0.5 here"),
        (("0.46", "1"), "best_ask is 1 at the venue, 0.5 here"),
    ],
)
def test_best_prices_that_differ_lose_the_book_and_ask_for_it(told: tuple[str, str], words: str) -> None:
    listening = ready()
    facts = listening.take(changes(change("0.46", "1", best=told)))
    assert listening.bests() is None
    assert listening.asked == [YES]
    assert told_books(facts)[0].asks == ()
    assert told_changes(facts) == []
    assert f"{YES}: {words}" in listening.reasons()
    assert listening.shelf.counts.best_differs == 1


def test_an_empty_side_agrees_with_a_best_price_that_is_none() -> None:
    listening = ready()
    gone = [change("0.4", "0", best=("0", "0.5")), change("0.45", "0", best=("", "0.5"))]
    listening.take(changes(*gone))
    assert listening.bests() == (0, 500_000)


def test_only_the_last_change_of_a_message_must_agree() -> None:
    listening = ready()
    both = [change("0.51", "5", best=("0.51", "0.55")), change("0.5", "0", "SELL", best=("0.51", "0.55"))]
    told = told_changes(listening.take(changes(*both)))
    assert listening.bests() == (510_000, 550_000)
    assert len(told) == 2


def test_a_crossed_book_is_no_book() -> None:
    listening = ready()
    listening.take(changes(change("0.5", "1", best=("0.5", "0.5"))))
    assert listening.bests() is None
    assert listening.shelf.counts.crossed == 1
    assert f"{YES}: crossed: bid 0.5, ask 0.5" in listening.reasons()


def test_a_whole_book_that_is_crossed_is_asked_for_elsewhere() -> None:
    listening = ready()
    listening.take(book(bids=[("0.6", "1")], asks=[("0.55", "1")], at=NOW_MS + 1))
    assert listening.bests() is None
    assert listening.asked == [YES]
    assert f"{YES}: a crossed book came: bid 0.6, ask 0.55" in listening.reasons()


def test_a_change_out_of_order_loses_the_book() -> None:
    listening = ready()
    listening.take(changes(change("0.46", "1"), at=NOW_MS + 30), changes(change("0.47", "1"), at=NOW_MS + 10))
    assert listening.bests() is None
    assert listening.shelf.counts.out_of_order == 1
    assert f"{YES}: a change came 20 ms out of order" in listening.reasons()


def test_the_next_whole_book_of_the_stream_ends_every_loss() -> None:
    listening = ready()
    listening.take(changes(change("0.5", "1")))
    listening.take(book(at=NOW_MS - 3_600_000))  # a book is dated by its last change, which may be long ago
    assert listening.bests() == (450_000, 500_000)


def test_a_book_of_the_past_does_not_overwrite_and_casts_a_doubt() -> None:
    listening = ready()
    listening.take(changes(change("0.46", "1"), at=NOW_MS + 5_000), at=NOW + 5 * SECOND)
    listening.take(book(at=NOW_MS + 1_000), at=NOW + 6 * SECOND)
    assert listening.bests() == (460_000, 500_000)
    assert listening.shelf.counts.stale_books == 1
    assert listening.shelf.kept[YES].doubted_at == NOW + 6 * SECOND


def test_a_book_a_few_milliseconds_older_than_the_change_before_it_is_the_newer_one() -> None:
    listening = ready()
    listening.take(changes(change("0.46", "1"), at=NOW_MS + 10), book(at=NOW_MS + 5))
    assert listening.bests() == (450_000, 500_000)
    listening.take(changes(change("0.46", "1"), at=NOW_MS + 10))
    assert listening.shelf.counts.out_of_order == 0


def test_a_book_with_news_nobody_announced_is_counted_but_no_fault() -> None:
    listening = ready()
    listening.take(book(at=NOW_MS + 1), book(bids=[*BIDS, ("0.46", "1")], at=NOW_MS + 2))
    counts = listening.shelf.counts
    assert (counts.books_equal, counts.books_ahead, counts.resyncs) == (1, 1, 0)
    assert listening.asked == []


def test_levels_of_size_zero_are_none() -> None:
    listening = Listening()
    (told,) = told_books(listening.take(book(bids=[*BIDS, ("0.46", "0")])))
    assert told.bids[0][0] == 450_000


def test_best_prices_told_apart_only_cast_a_doubt_until_the_book_moves() -> None:
    listening = ready()
    kept = listening.shelf.kept[YES]
    listening.take(best("0.45", "0.5"), at=NOW + 1)
    assert kept.doubted_at == 0
    listening.take(best("0.46", "0.5"), at=NOW + 2)
    assert kept.doubted_at == NOW + 2
    listening.take(best("0.46", "0.5"), at=NOW + 3)
    assert kept.doubted_at == NOW + 2
    listening.take(changes(change("0.46", "1")), at=NOW + 4)
    assert kept.book is not None
    assert kept.book.at > kept.doubted_at
    assert listening.shelf.counts.resyncs == 0


def test_a_trade_that_moves_no_book_casts_a_doubt() -> None:
    listening = ready()
    kept = listening.shelf.kept[YES]
    listening.take(trade(), at=NOW + SECOND // 2)
    assert kept.doubted_at == 0
    listening.take(trade(), at=NOW + 3 * SECOND)
    assert kept.doubted_at == NOW + 3 * SECOND


def test_each_question_about_a_book_waits_longer_than_the_one_before() -> None:
    listening = ready()
    shelf = listening.shelf
    kept = shelf.kept[YES]
    waits = []
    for _ in range(8):
        now = max(kept.ask_after, NOW)
        shelf.want(kept, now)
        shelf.want(kept, now)
        waits.append((kept.ask_after - now) // ASK_FIRST_NS)
    assert waits == [1, 2, 4, 8, 16, 32, 32, 32]
    assert len(listening.asked) == 8
    assert ASK_MOST_NS == 32 * ASK_FIRST_NS
    listening.take(book(at=NOW_MS + 9), at=NOW + 9)
    assert kept.ask_after == NOW + 9 + ASK_FIRST_NS


def test_while_merging_books_are_told_once_as_they_stand() -> None:
    listening = ready()
    shelf = listening.shelf
    shelf.merging = True
    told = listening.take(
        changes(change("0.46", "1")),
        changes(change("0.47", "2", token=NO), at=NOW_MS + 2),
        changes(change("0.47", "2"), at=NOW_MS + 3),
        changes(change("0.46", "0"), at=NOW_MS + 4),
    )
    assert told == []
    shelf.merging = False
    before = len(listening.heard)
    shelf.flush(NOW + 99)
    books = told_books([heard.payload for heard in listening.heard[before:]])
    assert [one.token for one in books] == [YES, NO]
    assert books[0].bids[:2] == ((470_000, 2 * ONE), (450_000, 50 * ONE))
    assert shelf.counts.merged == 2


def test_a_book_lost_while_merging_is_told_empty() -> None:
    listening = ready()
    listening.shelf.merging = True
    listening.take(changes(change("0.5", "1")))
    listening.shelf.merging = False
    listening.shelf.flush(NOW + 1)
    assert listening.heard[-1].payload == BookSnapshot(MARKET, YES, (), ())


def test_a_token_dropped_is_told_empty_once_and_forgotten() -> None:
    listening = ready()
    listening.shelf.drop(YES, NOW)
    listening.shelf.drop(YES, NOW)
    assert listening.heard[-1].payload == BookSnapshot(MARKET, YES, (), ())
    assert listening.shelf.book_of(YES) is None
    assert listening.shelf.age(YES, NOW) is None
    assert listening.take(changes(change("0.46", "1"))) == []


def test_the_book_and_its_age_can_be_asked_for() -> None:
    listening = ready()
    kept = listening.shelf.book_of(YES)
    assert kept is not None
    assert kept.asks == ((500_000, 20 * ONE), (550_000, 30 * ONE))
    assert listening.shelf.age(YES, NOW + 5) == 5
    assert Listening().shelf.book_of(YES) is None


def test_what_is_lost_together_is_told_together() -> None:
    listening = ready()
    listening.shelf.lose_all([YES, NO, "unknown"], "frames were dropped", NOW)
    notices = [fact for fact in listening.facts() if isinstance(fact, FeedNotice)]
    assert [(one.kind, one.reason) for one in notices] == [
        (NoticeKind.RESYNC, f"2 book(s), first {YES}: frames were dropped")
    ]
    assert listening.asked == [YES, NO]


def test_following_a_token_again_keeps_its_book() -> None:
    listening = ready()
    listening.shelf.keep(YES, NOW)
    assert listening.bests() == (450_000, 500_000)


def test_a_change_is_told_only_after_the_book_it_belongs_to() -> None:
    listening = Listening()
    assert listening.take(changes(change("0.46", "1"))) == []
    first, second = listening.take(book(at=NOW_MS + 2), changes(change("0.46", "1"), at=NOW_MS + 3))
    assert isinstance(first, BookSnapshot)
    assert isinstance(second, BookChange)
    assert len(ASKS) == len(first.asks)


def test_after_a_new_tick_size_changes_wait_for_the_next_book() -> None:
    listening = ready()
    listening.take(tick(at=NOW_MS + 3))
    assert listening.take(changes(change("0.461", "1"), at=NOW_MS + 4)) == []
    listening.take(book(at=NOW_MS + 5))
    assert listening.bests() == (450_000, 500_000)
