"""Parts, averages and spreads of prices, against exact fractions."""

from fractions import Fraction as Exact

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import money
from shared.domain.errors import Corrupt
from shared.domain.money import ONE, Price, Shares

SIZES = st.integers(0, 10**12).map(Shares)
PRICES = st.integers(1, ONE - 1).map(Price)


@given(SIZES, st.integers(1, 50))
def test_a_part_of_a_size_shared_out_is_the_largest_that_fits_so_often(size: Shares, parts: int) -> None:
    each = money.shared_out(size, parts)
    assert each * parts <= size < (each + 1) * parts


@pytest.mark.parametrize("parts", [0, -1])
def test_a_size_cannot_be_shared_out_in_no_parts(parts: int) -> None:
    with pytest.raises(Corrupt, match=rf"a size cannot be shared out in {parts} parts"):
        money.shared_out(Shares(ONE), parts)


@given(st.lists(st.tuples(PRICES, SIZES.filter(bool)), min_size=1, max_size=9))
def test_an_average_price_is_the_weighted_mean_rounded_down(fills: list[tuple[Price, Shares]]) -> None:
    total = sum(size for _, size in fills)
    got = money.average_price(sum(money.weighted(price, size) for price, size in fills), total)
    exact = sum(Exact(price) * size for price, size in fills) / total
    assert got <= exact < got + 1


@pytest.mark.parametrize("size", [0, -1])
def test_nothing_has_no_average_price(size: int) -> None:
    with pytest.raises(Corrupt, match=f"an average price over {size} shares"):
        money.average_price(5, size)


@given(st.lists(st.integers(0, ONE), max_size=20))
def test_a_standard_deviation_is_the_root_of_the_mean_square_distance_rounded_down(numbers: list[int]) -> None:
    got = money.standard_deviation(sum(numbers), sum(money.square(n) for n in numbers), len(numbers))
    if not numbers:
        assert got == 0
        return
    mean = Exact(sum(numbers), len(numbers))
    variance = sum((n - mean) ** 2 for n in numbers) / len(numbers)
    assert got**2 <= variance < (got + 1) ** 2


def test_a_wait_doubles_with_every_try() -> None:
    assert [money.doubled(500, n) for n in range(4)] == [500, 1_000, 2_000, 4_000]
