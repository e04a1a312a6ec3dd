import pytest

from shared.domain.instants import SECOND
from shared.domain.market import (
    CRYPTO_TAKER_FEE,
    OTHER_TAKER_FEE,
    Market,
    MarketKind,
    coin_of,
    is_crypto_updown,
    market_from_slug,
)


@pytest.mark.parametrize(("span", "length"), [("5m", 300), ("15m", 900), ("4h", 14_400)])
def test_an_updown_slug_tells_window_kind_and_fee(span: str, length: int) -> None:
    found = market_from_slug("0xm", f"btc-updown-{span}-1768029300")
    assert found.kind is MarketKind.CRYPTO_UPDOWN
    assert found.fee_rate == CRYPTO_TAKER_FEE
    assert found.start_at == 1_768_029_300 * SECOND
    assert found.end_at == (1_768_029_300 + length) * SECOND


def test_an_hourly_slug_tells_the_kind_but_not_the_window() -> None:
    found = market_from_slug("0xm", "bitcoin-up-or-down-january-8-3pm-et")
    assert (found.kind, found.fee_rate, found.end_at) == (MarketKind.CRYPTO_UPDOWN, CRYPTO_TAKER_FEE, None)


@pytest.mark.parametrize("slug", ["", "will-it-rain", "btc-updown-7m-1768029300", "btc-updown-5m-xyz"])
def test_any_other_slug_is_an_event_with_the_highest_fee_and_no_end(slug: str) -> None:
    found = market_from_slug("0xm", slug)
    assert (found.kind, found.fee_rate, found.end_at) == (MarketKind.EVENT, OTHER_TAKER_FEE, None)
    assert not is_crypto_updown(slug)


@pytest.mark.parametrize(
    ("slug", "coin"),
    [
        ("btc-updown-5m-1768029300", "BTC"),
        ("xrp-updown-4h-1768029300", "XRP"),
        ("bitcoin-up-or-down-january-8-3pm-et", "BTC"),
        ("dogecoin-up-or-down-on-january-8", "DOGE"),
        ("will-btc-go-up", ""),
    ],
)
def test_an_updown_slug_tells_its_coin(slug: str, coin: str) -> None:
    assert coin_of(slug) == coin
    assert market_from_slug("0xm", slug).coin == coin


def test_an_event_has_no_coin_whatever_it_is_called() -> None:
    assert Market("0xm", MarketKind.EVENT, "btc-updown-5m-1768029300").coin == ""
