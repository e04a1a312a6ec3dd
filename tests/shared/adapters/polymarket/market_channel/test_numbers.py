"""Text to millionths: exact against Decimal, and nothing but plain decimals."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.polymarket.market_channel.numbers import (
    BEST_ASKS,
    BEST_BIDS,
    NOT_TOLD,
    PRICES,
    REMEMBERED_MAX,
    SIZES,
    Numbers,
    exact_micro,
)
from shared.domain.errors import BadInput
from shared.domain.money import MICRO_MAX, ONE


@given(st.decimals(min_value=0, max_value=10**11, places=6))
def test_a_plain_decimal_is_read_exactly(number: Decimal) -> None:
    assert exact_micro("size", f"{number:f}") == int(number * ONE)


@given(st.text(alphabet="0123456789.+-eE_ NaInfx٣", max_size=12))
def test_what_is_accepted_is_what_decimal_says(text: str) -> None:
    try:
        got = exact_micro("size", text)
    except BadInput:
        return
    assert Decimal(text) * ONE == got


@pytest.mark.parametrize("text", ["0", "1", "1.0", "-0.5", "nan", "5e-1", "0.1234567", "", ".5", "0.5 ", "٠.٥", "0_1"])
def test_no_price(text: str) -> None:
    with pytest.raises(BadInput, match="price"):
        PRICES(text)
    assert text not in PRICES.known


def test_zeros_past_the_sixth_decimal_change_nothing() -> None:
    assert PRICES("0.50000000") == 500_000


def test_a_size_may_be_zero_but_not_absurd() -> None:
    assert SIZES("0") == 0
    with pytest.raises(BadInput, match="usable number of shares"):
        SIZES(str(MICRO_MAX // ONE + 1))


def test_no_best_price_is_written_in_several_ways() -> None:
    assert [BEST_BIDS(text) for text in ("", "0", "0.00", "-")] == [0, 0, 0, NOT_TOLD]
    assert [BEST_ASKS(text) for text in ("", "0", "1", "-")] == [ONE, ONE, ONE, NOT_TOLD]
    for numbers, text in ((BEST_BIDS, "1"), (BEST_ASKS, "1.01"), (BEST_BIDS, "2")):
        with pytest.raises(BadInput, match="between 0 and 1"):
            numbers(text)


def test_a_stream_of_odd_texts_does_not_grow_the_memory() -> None:
    calls: list[str] = []

    def read(text: str) -> int:
        calls.append(text)
        return len(text)

    numbers = Numbers(read)
    for n in range(REMEMBERED_MAX + 10):
        numbers(str(n))
    assert len(numbers.known) == 10
    assert numbers("5") == 1
    assert len(calls) == REMEMBERED_MAX + 11
