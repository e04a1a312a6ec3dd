"""Wallets behind each other: what is refused, and in which words."""

import numpy as np
import numpy.typing as npt
import pytest

from shared.analytics.ragged import check_ragged, owners, wallet_sums
from shared.domain.errors import BadInput


@pytest.mark.parametrize(
    ("values", "offsets", "message"),
    [
        (["a", "0.2"], [0, 2], "returns must be a list of numbers; could not convert string to float: 'a'"),
        ([[0.1], [0.2, 0.3]], [0, 2], "returns must be a list of numbers"),
        ([0.1, None], [0, 2], r"returns\[1\] \(wallet 0\) is nan"),
        ([0.1, 0.2], [0, "two"], "offsets must be a list of numbers"),
        ([0.1, 0.2], [0, 0.5, 2], r"offsets must be whole numbers; one is 0\.5"),
        ([0.1, 0.2], [0, np.nan, 2], "offsets must be whole numbers; one is nan"),
        ([0.1, 0.2], [[0, 2]], "offsets must rise from 0 to 2, the number of returns; got no numbers"),
    ],
)
def test_what_is_no_number_is_refused_by_name(values: npt.ArrayLike, offsets: npt.ArrayLike, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        check_ragged(values, offsets, "returns")


def test_wallets_without_values_have_no_owners_and_a_sum_of_zero() -> None:
    values, offsets = check_ragged([1.0, 2.0, 4.0], [0, 0, 2, 3, 3])
    np.testing.assert_array_equal(owners(offsets), [1, 1, 2])
    np.testing.assert_array_equal(wallet_sums(values, offsets), [0.0, 3.0, 4.0, 0.0])
