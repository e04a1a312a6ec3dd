"""Crypto up/down markets by coin and window."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.instants import DAY, HOUR, MINUTE, SECOND
from shared.domain.market import Market, MarketKind, market_from_slug
from shared.domain.updown import Listed, Window, listed, window_of

START = 1_773_307_200
NOW = START * SECOND


def updown(slug: str, start: int | None = None, end: int | None = None) -> Market:
    return Market(slug, MarketKind.CRYPTO_UPDOWN, slug, start_at=start, end_at=end)


@pytest.mark.parametrize(
    ("market", "window"),
    [
        (updown("btc-updown-5m-1773307200"), Window.MINUTES_5),
        (updown("eth-updown-15m-1773307200"), Window.MINUTES_15),
        (updown("sol-updown-4h-1773307200"), Window.HOURS_4),
        (updown("bitcoin-up-or-down-march-22-5pm-et"), Window.HOUR),
        (updown("ethereum-up-or-down-march-22-2026-11am-et"), Window.HOUR),
        (updown("xrp-up-or-down-on-march-22-2026"), Window.DAY),
        (updown("xrp-up-or-down-this-week"), None),
        (updown("xrp-up-or-down-this-day", NOW, NOW + DAY), Window.DAY),
        (updown("xrp-up-or-down-soon", NOW, NOW + 7 * MINUTE), None),
        (updown("xrp-up-or-down-soon", NOW), None),
        (Market("e", MarketKind.EVENT, "btc-updown-5m-1773307200"), None),
    ],
)
def test_a_window_is_told_by_the_slug_or_by_the_times(market: Market, window: Window | None) -> None:
    assert window_of(market) is window


def test_markets_are_counted_by_coin_and_window_as_over_open_and_coming() -> None:
    slugs = [f"btc-updown-5m-{START + 300 * n}" for n in range(-2, 3)]
    markets = [market_from_slug(slug, slug) for slug in slugs]
    hourly = updown("bitcoin-up-or-down-march-22-5pm-et")
    assert listed([*markets, hourly, Market("e", MarketKind.EVENT, "who-wins")], NOW) == [
        Listed("BTC", Window.MINUTES_5, 5, 1, 2, NOW + 5 * MINUTE),
        Listed("BTC", Window.HOUR, 1, 0, 0, 0),
    ]


def test_a_market_whose_window_nobody_tells_is_not_counted() -> None:
    assert listed([updown("xrp-up-or-down-soon", NOW, NOW + 7 * MINUTE)], NOW) == []


def test_coins_come_by_name_and_windows_by_length() -> None:
    slugs = ("xrp-updown-5m-1773307200", "btc-updown-4h-1773307200", "btc-updown-5m-1773307200")
    found = listed([market_from_slug(slug, slug) for slug in slugs], NOW)
    assert [(one.coin, one.window) for one in found] == [
        ("BTC", Window.MINUTES_5),
        ("BTC", Window.HOURS_4),
        ("XRP", Window.MINUTES_5),
    ]


@given(
    st.lists(st.tuples(st.sampled_from(["btc", "eth"]), st.sampled_from([300, 900]), st.integers(-20, 20))),
    st.integers(-3 * HOUR, 3 * HOUR),
)
def test_every_known_market_is_counted_once_and_is_open_coming_or_over(
    rows: list[tuple[str, int, int]], later: int
) -> None:
    slugs = [f"{coin}-updown-{span // 60}m-{START + span * n}" for coin, span, n in rows]
    markets = [market_from_slug(slug, slug) for slug in slugs]
    at = NOW + later
    found = listed(markets, at)
    assert sum(one.known for one in found) == len(markets)
    assert sum(one.coming for one in found) == sum(1 for one in markets if (one.start_at or 0) > at)
    running = sum(1 for one in markets if (one.start_at or 0) <= at < (one.end_at or 0))
    assert sum(one.open for one in found) == running
    assert all(one.ends_at > at for one in found if one.open or one.coming)
