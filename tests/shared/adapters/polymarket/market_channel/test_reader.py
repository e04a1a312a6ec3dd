"""Frames of every form: what is taken, what is refused in one sentence, what is ignored, and whose books are lost."""

import json

import pytest

from shared.adapters.polymarket.market_channel.wire import FRAME_MAX
from shared.domain.instants import MILLISECOND
from shared.domain.messages import BookChange, FeedNotice, MarketResolved, NoticeKind, PublicTrade, TickSizeChanged
from shared.domain.money import ONE
from shared.domain.order import Side
from tests.shared.adapters.polymarket.market_channel.frames import (
    MARKET,
    NO,
    NOW,
    NOW_MS,
    YES,
    Listening,
    book,
    change,
    changes,
    encode,
    tick,
    told_books,
    told_changes,
    trade,
)


def ready() -> Listening:
    listening = Listening()
    listening.take([book(), book(NO)])
    return listening


def test_a_book_is_told_best_level_first_whatever_its_order() -> None:
    (told,) = told_books(Listening().take(book()))
    assert (told.market, told.token) == (MARKET, YES)
    assert told.bids == ((450_000, 50 * ONE), (400_000, 100 * ONE))
    assert told.asks == ((500_000, 20 * ONE), (550_000, 30 * ONE))


def test_a_frame_may_be_an_array_or_nothing() -> None:
    listening = Listening()
    assert len(told_books(listening.take([book(), book(NO)]))) == 2
    assert listening.take([]) == []


def test_a_change_is_told_with_the_time_of_the_venue() -> None:
    listening = ready()
    listening.take(changes(change("0.46", "7.5", best=("0.46", "0.5"))), at=NOW + 9)
    last = listening.heard[-1]
    assert last.payload == BookChange(MARKET, YES, Side.BUY, 460_000, 7_500_000)
    assert (last.source, last.received_at, last.venue_at) == ("market", NOW + 9, (NOW_MS + 1) * MILLISECOND)


@pytest.mark.parametrize("spaces", [True, False])
def test_changes_are_read_in_any_layout(spaces: bool) -> None:
    content = changes(change("0.46", "7.5"), change("0.54", "7.5", "SELL", NO))
    frame = json.dumps(content, indent=2).encode() if spaces else encode(content)
    assert [told.token for told in told_changes(ready().take(frame))] == [YES, NO]


def test_the_forms_of_2025_are_read_too() -> None:
    flat = {"event_type": "price_change", "market": MARKET, "timestamp": str(NOW_MS + 1), **change("0.46", "7")}
    listed = {
        "event_type": "price_change",
        "market": MARKET,
        "asset_id": YES,
        "hash": "x",
        "timestamp": str(NOW_MS + 2),
        "changes": [{"price": "0.47", "side": "BUY", "size": "8"}],
    }
    told = told_changes(ready().take(flat, listed))
    assert [(one.price, one.size) for one in told] == [(460_000, 7 * ONE), (470_000, 8 * ONE)]


def test_a_trade_is_told_with_its_transaction_and_its_connection() -> None:
    assert ready().take(trade()) == [PublicTrade(MARKET, YES, Side.BUY, 500_000, 85_360_000, "0xabc", 7)]


def test_a_new_tick_size_makes_the_book_unknown_first() -> None:
    listening = ready()
    emptied, told = listening.take(tick())
    assert told_books([emptied])[0].bids == ()
    assert told == TickSizeChanged(MARKET, YES, 1_000)
    assert listening.bests() is None
    assert listening.asked == []  # the next book is on its way


def test_a_resolution_pays_the_winner_alone() -> None:
    content = {
        "event_type": "market_resolved",
        "market": MARKET,
        "assets_ids": [YES, NO],
        "winning_asset_id": NO,
        "timestamp": str(NOW_MS),
    }
    assert ready().take(content) == [MarketResolved(MARKET, {YES: 0, NO: ONE})]
    (refused,) = ready().take({**content, "winning_asset_id": "5"})
    assert isinstance(refused, FeedNotice)
    assert "winning_asset_id 5 is none of the market's tokens" in refused.reason


def test_new_markets_are_reported_by_their_slug() -> None:
    listening = Listening()
    for slug in ("btc-updown-5m-1", "nvda-above-240"):
        new = {
            "event_type": "new_market",
            "market": MARKET,
            "slug": slug,
            "assets_ids": [YES],
            "timestamp": str(NOW_MS),
        }
        assert listening.take(new) == []
    assert listening.listed == [("btc-updown-5m-1", MARKET, (YES,))]


def test_an_unknown_kind_is_ignored_and_counted() -> None:
    listening = ready()
    assert listening.take({"event_type": "fireworks"}, {"event_type": "fireworks"}) == []
    assert listening.reader.wire.counts.ignored == {"fireworks": 2}
    for n in range(60):
        listening.take({"event_type": f"kind {n}"})
    assert sum(listening.reader.wire.counts.ignored.values()) == 62
    assert len(listening.reader.wire.counts.ignored) == 51


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (changes(change("1.2", "5")), "price must lie strictly between 0 and 1, not '1.2'"),
        (changes(change("0.4", "-5")), "size must be a plain decimal number, not '-5'"),
        (changes(change("0.4", "NaN")), "size must be a plain decimal number, not 'NaN'"),
        (changes(change("0.1234567", "5")), "price must not be finer than a millionth, not '0.1234567'"),
        (changes(change("0.4", "5", best=("2", "0.5"))), "best_bid must lie between 0 and 1, not '2'"),
        (changes({**change("0.4", "5"), "price": 0.4}), "price_changes[0].price: Expected `str`, got `float`"),
        (changes(change("0.4", "5", "HOLD")), "the value is 'HOLD'"),
        (changes(change("0.4", "5"), at=NOW_MS + 600_000), "is ahead of our clock"),
        (changes(change("0.4", "5"), at=12), "timestamp"),
        (book(bids=[("0.4", "5"), ("0.40", "6")]), "bids: price '0.40' appears twice"),
        (book(asks=[("0.6", "x")]), "asks: size must be a plain decimal number, not 'x'"),
        ({**book(), "bids": "none"}, "Expected `array`, got `str`"),
        (book(tick_size="2"), "tick_size must lie strictly between 0 and 1"),
        (book(at=NOW_MS + 600_000), "is ahead of our clock"),
        (tick("0"), "tick_size must lie strictly between 0 and 1, not '0'"),
    ],
)
def test_a_bad_message_about_a_book_is_told_and_its_book_asked_for(content: dict[str, object], words: str) -> None:
    listening = ready()
    listening.take(content)
    assert any(words in reason for reason in listening.reasons()), listening.reasons()
    assert listening.bests() is None
    assert listening.bests(NO) == (450_000, 500_000)
    assert listening.asked == [YES]
    assert listening.shelf.counts.refused == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (trade(price="7"), "last_trade_price: price must lie strictly between 0 and 1, not '7'"),
        (trade(size="0"), "last_trade_price: size must be a positive number of shares, not 0"),
        (trade(side="HOLD"), "the value is 'HOLD'"),
        ({**trade(), "timestamp": None}, "timestamp: Expected `int`, got `null`, the value is None"),
        (
            {
                "event_type": "best_bid_ask",
                "market": MARKET,
                "asset_id": YES,
                "best_bid": "x",
                "best_ask": "",
                "timestamp": NOW_MS,
            },
            "best_bid_ask: best_bid must be a plain decimal number, not 'x'",
        ),
    ],
)
def test_a_bad_message_about_something_else_costs_no_book(content: dict[str, object], words: str) -> None:
    listening = ready()
    (notice,) = listening.take(content)
    assert isinstance(notice, FeedNotice)
    assert notice.kind is NoticeKind.REFUSED
    assert words in notice.reason
    assert listening.bests() == (450_000, 500_000)
    assert listening.asked == []


def test_one_bad_message_loses_no_other_of_its_frame() -> None:
    listening = ready()
    listening.take([changes(change("0.46", "1", token=NO)), changes(change("9", "1")), trade()])
    assert listening.bests(NO) == (460_000, 500_000)
    assert listening.bests() is None
    assert any(isinstance(fact, PublicTrade) for fact in listening.facts())


@pytest.mark.parametrize(
    "frame", [b'{"event_type":', b"\xff\xfe", b"[[1]]", b'{"no":"type"}', b"[" * 100_000, b'{"x":NaN}', b"7"]
)
def test_a_frame_that_says_nothing_readable_costs_every_book_of_its_connection(frame: bytes) -> None:
    listening = ready()
    listening.take(frame)
    assert (listening.bests(), listening.bests(NO)) == (None, None)
    assert listening.asked == [YES, NO]
    assert listening.reader.wire.counts.refused >= 1


def test_a_frame_beyond_the_bound_is_not_read() -> None:
    listening = ready()
    listening.take(b" " * (FRAME_MAX + 1))
    assert any(f"{FRAME_MAX + 1} bytes are more than {FRAME_MAX}" in reason for reason in listening.reasons())


def test_tokens_nobody_wants_are_counted_and_nothing_else() -> None:
    listening = Listening(NO)
    assert listening.take(book(), changes(change("0.46", "7")), trade(), tick()) == []
    assert listening.shelf.counts.not_wanted == 4


def test_a_flood_of_refusals_is_told_in_part_and_counted_in_full() -> None:
    listening = ready()
    for _ in range(100):
        listening.take(trade(price="7"))
    assert len(listening.reasons()) == 20
    assert listening.shelf.counts.notices_untold == 80
    listening.take(trade(price="7"), at=NOW + 2_000_000_000)
    assert len(listening.reasons()) == 21
