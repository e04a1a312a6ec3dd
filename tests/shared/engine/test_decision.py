"""Filters where inputs are missing: a skip where the feed must bring them, a count where a recording cannot."""

import pytest
from msgspec.structs import replace

from shared.domain.decision import Reason
from shared.domain.instants import SECOND
from shared.domain.market import Market, MarketKind
from shared.domain.messages import BookSnapshot
from shared.domain.money import ONE, Price, dollars
from shared.domain.order import Purpose, Side
from shared.domain.strategy import Trade
from shared.engine.books import Book
from shared.engine.decision import Filters, Found
from shared.engine.limits import Limits
from tests.shared.engine.builders import NOON, book, market

WISH = Trade("m:yes", Side.BUY, Price(510_000), Purpose.ENTRY, wish=dollars(50))
Verdict = tuple[Reason | None, tuple[str, ...]]


def found(of: Market, strict: bool = False, shown: BookSnapshot | None = None, age: int = 0) -> Found:
    filters = Filters(Limits())
    if shown is not None:
        filters.books["m:yes"] = Book(shown.bids, shown.asks, NOON - age)
    return filters.judge(WISH, of, NOON, strict)


def judge(of: Market, strict: bool = False, shown: BookSnapshot | None = None, age: int = 0) -> Verdict:
    return found(of, strict, shown, age)[:2]


def test_a_market_with_everything_passes() -> None:
    assert judge(market(), strict=True, shown=book()) == (None, ())


@pytest.mark.parametrize(
    ("of", "missing"),
    [
        (market(end_at=None, volume_24h=None), ("end", "volume", "spread", "depth", "price_moved")),
        (market(best_bid=Price(490_000), best_ask=Price(500_000)), ("depth", "price_moved")),
        (market(best_bid=Price(490_000)), ("spread", "depth", "price_moved")),
        (market(kind=MarketKind.CRYPTO_UPDOWN, end_at=None, volume_24h=None), ("spread", "depth", "price_moved")),
    ],
)
def test_a_recording_names_every_filter_it_could_not_apply(of: Market, missing: tuple[str, ...]) -> None:
    assert judge(of) == (None, missing)


def test_what_could_not_be_applied_is_counted_by_name_even_when_another_filter_refuses() -> None:
    filters = Filters(Limits())
    filters.judge(WISH, market(end_at=None), NOON, strict=False)
    poor = market(end_at=None, volume_24h=dollars(1))
    assert filters.judge(WISH, poor, NOON, strict=False)[:2] == (Reason.LOW_VOLUME, ("end",))
    assert filters.not_applicable == {"end": 2, "spread": 1, "depth": 1, "price_moved": 1}


@pytest.mark.parametrize("shown", [replace(book(), asks=()), replace(book(), bids=())])
def test_a_book_with_one_side_is_no_book(shown: BookSnapshot) -> None:
    assert judge(market(), strict=True, shown=shown) == (Reason.SPREAD_UNKNOWN, ())


def test_a_crossed_book_is_no_book() -> None:
    assert judge(market(), strict=True, shown=book(bid=510_000, ask=500_000)) == (Reason.SPREAD_UNKNOWN, ())


def test_an_old_book_is_no_book() -> None:
    assert judge(market(), shown=book(), age=11 * SECOND)[1] == ("spread", "depth", "price_moved")


def test_depth_counts_only_what_is_offered_within_the_limit() -> None:
    levels = ((500_000, 10 * ONE), (510_000, 9 * ONE), (520_000, 1_000 * ONE))
    assert judge(market(), shown=replace(book(), asks=levels)) == (Reason.THIN_BOOK, ())
    enough = ((500_000, 10 * ONE), (510_000, 10 * ONE))
    assert judge(market(), shown=replace(book(), asks=enough)) == (None, ())


def test_a_disputed_market_is_left_alone() -> None:
    assert judge(market(disputed=True)) == (Reason.MARKET_DISPUTED, ())


@pytest.mark.parametrize(
    ("verdict", "reason", "names"),
    [
        (found(market(volume_24h=dollars(1))), Reason.LOW_VOLUME, ["volume_24h", "volume_24h_min"]),
        (found(market(end_at=NOON + 1)), Reason.NEAR_RESOLUTION, ["before_end_ns", "entry_before_end_ns"]),
        (found(market(), shown=book(bid=400_000)), Reason.WIDE_SPREAD, ["spread", "spread_max"]),
        (found(market(), shown=book(bid=500_000, ask=520_000)), Reason.PRICE_MOVED, ["best_ask", "limit"]),
        (found(market(), shown=book(size=ONE)), Reason.THIN_BOOK, ["depth", "trade_min_usd"]),
    ],
)
def test_a_refusal_names_what_was_measured_and_the_limit(verdict: Found, reason: Reason, names: list[str]) -> None:
    assert verdict[0] is reason
    assert [name for name, _ in verdict[2]] == names
