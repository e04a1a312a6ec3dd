from decimal import ROUND_DOWN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.spot.decimals import micro_down
from shared.domain.errors import BadInput
from shared.domain.money import MICRO_MAX


@given(st.integers(0, 10**10), st.text("0123456789", min_size=1, max_size=18))
def test_a_decimal_is_cut_at_the_sixth_place_and_says_whether_anything_was_lost(whole: int, tail: str) -> None:
    text = f"{whole}.{tail}"
    exact = Decimal(text) * 10**6
    micro, cut = micro_down("p", text)
    assert micro == int(exact.quantize(Decimal(1), rounding=ROUND_DOWN))
    assert cut == (exact != micro)


def test_a_whole_number_needs_no_point() -> None:
    assert micro_down("p", "100") == (100_000_000, False)


@pytest.mark.parametrize(
    "text",
    ["", ".", "1.", ".5", "-1", "+1", "1e5", "NaN", "1_0", " 1", "1 ", "0x1", "1.2.3", "٣", "1.٣", "²", "9" * 41],
)
def test_anything_but_a_plain_decimal_is_refused_by_name_and_value(text: str) -> None:
    with pytest.raises(BadInput, match="size must be a plain decimal number, not"):
        micro_down("size", text)


def test_a_number_out_of_range_is_refused() -> None:
    assert micro_down("p", str(MICRO_MAX // 10**6))[0] == MICRO_MAX
    with pytest.raises(BadInput, match="p is out of range"):
        micro_down("p", str(MICRO_MAX // 10**6 + 1))
