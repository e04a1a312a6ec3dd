"""The paper venue before an independent judge: random sessions on a recording and on drawn markets, and planted cheats
that show the judge can tell.
"""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.replay.books import BookRecording
from shared.domain.instants import MILLISECOND, MINUTE, SECOND
from shared.domain.ledger import Fill
from shared.domain.messages import BookChange, BookSnapshot, PublicTrade
from shared.domain.money import ONE, Fraction, Price, Shares, Usd, taker_fee
from shared.domain.order import FINAL, Side
from tests.shared.adapters.paper.checker import Checker, Sent, Session, Shown
from tests.shared.adapters.paper.sessions import Trader, market_of_random_books, told_takes
from tests.shared.engine.builders import order

MARKETS = 10
ORDERS = 2_500


def recorded(folder: Path) -> Iterator[Shown]:
    """The first markets of the recording, in the order of the venue's time."""
    found: list[Shown] = []
    markets: dict[str, None] = {}
    for event in BookRecording(folder / "book_btc5m_2026-04-16.parquet").events():
        payload = event.payload
        assert isinstance(payload, BookSnapshot | BookChange)
        markets[payload.market] = None
        if len(markets) > MARKETS:
            break
        found.append((event.venue_at, payload))
    yield from sorted(found, key=lambda one: one[0])


def test_on_recorded_books_every_fill_of_thousands_of_random_orders_is_one_the_book_allowed(recordings: Path) -> None:
    shown = list(recorded(recordings))
    trader = Trader(seed=16)
    trader.show(shown, ORDERS, sum(not isinstance(payload, PublicTrade) for _, payload in shown))
    trader.finish()
    fills = trader.session.fills
    assert len(trader.session.sent) >= 1_000
    assert sum(fill.liquidity == "taker" for fill in fills) >= 500
    assert sum(fill.liquidity == "maker" for fill in fills) >= 50
    assert Checker(trader.session).run() == []
    assert trader.open() == []
    reasons = {reason.split(":")[0] for reason in trader.rejected.values()}
    assert reasons >= {
        "400 FOK_ORDER_NOT_FILLED_ERROR",
        "400 FAK_ORDER_NOT_FILLED_ERROR",
        "400 INVALID_POST_ONLY_ORDER",
    }


@given(st.integers(0, 2**32), st.booleans(), st.booleans())
def test_on_drawn_books_and_trades_every_fill_is_one_they_allowed(seed: int, crypto: bool, prints: bool) -> None:
    trader = Trader(seed, rate=Fraction(70_000 if crypto else 50_000))
    with told_takes(trader.session) if prints else nullcontext():
        trader.show(market_of_random_books(seed, 200, prints), 30, 150)
        trader.finish()
    assert Checker(trader.session).run() == []
    assert trader.open() == []


@given(st.integers(0, 2**32), st.integers(20, 180))
def test_a_venue_opened_again_over_its_log_loses_no_fill_and_fills_no_order_twice(seed: int, cut: int) -> None:
    trader = Trader(seed)
    shown = market_of_random_books(seed, 200)
    trader.show(shown[:cut], 20, 100)
    before = {key: paper.fills for key, paper in trader.papers().items()}
    trader.reopen()
    trader.show([shown[0], *shown[cut:]], 20, 100)
    trader.finish()
    for key, paper in trader.papers().items():
        assert paper.fills[: len(before.get(key, ()))] == before.get(key, ())
        assert paper.filled <= paper.order.size
        assert paper.state in FINAL
    assert sorted(fill.trade_id for fill in trader.session.fills) == sorted(
        fill.trade_id for paper in trader.papers().values() for fill in paper.fills
    )


# ------------------------------------------------------------------ the judge itself

YES = "m:yes"
TAKER = Fill("t1", "a", 500_000, Shares(40 * ONE), Usd(0), SECOND)


def displayed(bids: dict[int, int], asks: dict[int, int], at: int = 0) -> Shown:
    """A snapshot in cents and whole shares."""
    sides = [tuple((cents * 10_000, size * ONE) for cents, size in side.items()) for side in (bids, asks)]
    return at, BookSnapshot("m", YES, sides[0], sides[1])


def fill(size: int = 40, cents: int = 50, at: int = SECOND, liquidity: str = "taker", name: str = "t1") -> Fill:
    price, shares = Price(cents * 10_000), Shares(size * ONE)
    fee = taker_fee(shares, price, Fraction(50_000)) if liquidity == "taker" else Usd(0)
    return Fill(name, "a", price, shares, fee, at, liquidity)


def judged(shown: list[Shown], *fills: Fill, limit: int = 52, size: int = 100, side: Side = Side.BUY) -> list[str]:
    """What the judge finds in the fills of one order that arrived after half a second."""
    made = order(order_key="a", limit=Price(limit * 10_000), size=Shares(size * ONE), side=side)
    sent = Sent(made, SECOND // 2, SECOND // 2)
    return Checker(Session(shown, {"a": sent}, list(fills))).run()


BOOK = displayed({48: 100}, {50: 40, 51: 60, 53: 500})
QUIET: Shown = (SECOND, PublicTrade("m", YES, Side.BUY, 990_000, ONE, "far", 0))


def test_the_judge_lets_an_honest_walk_pass() -> None:
    assert judged([BOOK], fill(40, 50), fill(60, 51, name="t2")) == []


@pytest.mark.parametrize(
    ("cheat", "words"),
    [
        ([fill(10, 49)], "more than was displayed or traded"),
        ([fill(41, 50)], "more than was displayed or traded"),
        ([fill(40, 50), fill(1, 50, at=2 * SECOND, name="t2")], "more than was displayed or traded"),
        ([fill(10, 53)], "beyond the limit"),
        ([fill(10, 50, at=SECOND // 4)], "before its order arrived"),
        ([fill(40, 50), fill(60, 51, name="t2"), fill(1, 51, name="t3")], "more than its size"),
        ([msgspec.structs.replace(fill(10, 50), fee=Usd(0))], "pays 0"),
        ([msgspec.structs.replace(fill(10, 50), order_key="b")], "nobody sent"),
        ([fill(10, 49, liquidity="maker")], "not at its price"),
    ],
    ids=["better", "too much", "twice", "limit", "early", "size", "free", "whose", "maker"],
)
def test_the_judge_finds_a_planted_cheat(cheat: list[Fill], words: str) -> None:
    assert any(words in finding for finding in judged([BOOK], *cheat))


def test_the_judge_finds_a_level_taken_again_after_it_flickered_and_not_after_it_was_replaced_or_traded() -> None:
    away, back = displayed({48: 100}, {53: 500}, 2 * SECOND), displayed({48: 100}, {50: 40}, 3 * SECOND)
    again = fill(40, 50, at=4 * SECOND, name="t2")
    assert judged([BOOK, away, back], fill(), again)
    traded: Shown = (2 * SECOND, PublicTrade("m", YES, Side.BUY, 500_000, 40 * ONE, "tx", 0))
    assert judged([BOOK, traded, away, back], fill(), again) == []
    late = displayed({48: 100}, {50: 40}, 2 * SECOND + 5 * MINUTE)
    assert judged([BOOK, away, late], fill(), fill(40, 50, at=6 * MINUTE, name="t2")) == []


def test_the_judge_finds_a_maker_that_nothing_came_to() -> None:
    maker = fill(10, 48, liquidity="maker")
    assert judged([BOOK], maker, limit=48)
    through = displayed({47: 10}, {48: 30}, SECOND)
    assert judged([BOOK, through], maker, limit=48) == []


def test_the_judge_finds_a_maker_that_passed_its_queue() -> None:
    maker = fill(10, 48, liquidity="maker")

    def sold(size: int, at: int = SECOND, cents: int = 48) -> Shown:
        return at, PublicTrade("m", YES, Side.SELL, cents * 10_000, size * ONE, f"tx{at}{size}", 0)

    assert judged([BOOK, sold(10)], maker, limit=48)
    assert judged([BOOK, sold(110)], maker, limit=48) == []
    assert judged([BOOK, sold(100, SECOND - MILLISECOND), sold(10)], maker, limit=48) == []
    assert judged([BOOK, sold(10, cents=47)], maker, limit=48) == []
    assert judged([BOOK, sold(110)], maker, fill(1, 48, liquidity="maker", name="t2"), limit=48)
