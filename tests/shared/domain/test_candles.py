import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.candles import Candle, packed, unpacked
from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from shared.domain.money import ONE, dollars

STEP = 10 * SECOND
CENTS = 10_000


def test_candles_are_handed_on_as_differences() -> None:
    first = Candle(7 * STEP, 500_000, 520_000, 480_000, 510_000, dollars(3))
    second = Candle(9 * STEP, 510_000, 530_000, 510_000, 520_000)
    assert packed([first, second], STEP, CENTS) == (7, 50, 1, 2, 1, 3, 2, 0, 1, 0, 1, 0)
    assert unpacked(packed([first, second], STEP, CENTS), STEP, CENTS) == [first, second]


def test_no_candles_are_no_numbers() -> None:
    assert packed([], STEP, CENTS) == ()
    assert unpacked((), STEP, CENTS) == []


def test_prices_lose_what_is_less_than_a_unit_and_volumes_count_begun_dollars() -> None:
    (found,) = unpacked(packed([Candle(0, 509_999, 509_999, 500_001, 500_001, 1)], STEP, CENTS), STEP, CENTS)
    assert found == Candle(0, 500_000, 500_000, 500_000, 500_000, ONE)


def test_numbers_left_over_are_told() -> None:
    with pytest.raises(BadInput, match="6 numbers for each of them, not 7 in all"):
        unpacked((1, 2, 3, 4, 5, 6, 7), STEP, CENTS)


prices = st.integers(1, 99)


@st.composite
def rows(draw: st.DrawFn) -> list[Candle]:
    """Candles in order of time, in whole units and dollars."""
    spans = sorted(draw(st.sets(st.integers(0, 10**9), max_size=20)))
    found = []
    for span in spans:
        ends = (draw(prices), draw(prices))
        high, low = max(*ends, draw(prices)), min(*ends, draw(prices))
        micro = [price * CENTS for price in (ends[0], high, low, ends[1])]
        volume = dollars(draw(st.integers(0, 10**6)))
        found.append(Candle(span * STEP, micro[0], micro[1], micro[2], micro[3], volume))
    return found


@given(rows())
def test_whatever_is_packed_comes_out_again(candles: list[Candle]) -> None:
    assert unpacked(packed(candles, STEP, CENTS), STEP, CENTS) == candles
