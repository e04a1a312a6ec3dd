"""Quantiles of delays are right to five per cent and forget what is older than the window."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.feeds.quantiles import Quantiles
from shared.domain.instants import HOUR, MICROSECOND, MILLISECOND, SECOND


def of(*delays: int) -> Quantiles:
    found = Quantiles()
    for delay in delays:
        found.add(delay)
    return found


def test_nothing_is_known_of_no_delays() -> None:
    assert Quantiles().at(0.5) is None
    assert Quantiles().count == 0


@given(st.lists(st.integers(MICROSECOND, HOUR), min_size=1, max_size=60), st.sampled_from([0.01, 0.5, 0.95, 0.99, 1.0]))
def test_a_quantile_is_at_most_five_per_cent_above_the_true_one_and_never_below(
    delays: list[int], share: float
) -> None:
    ranked = sorted(delays)
    truth = ranked[max(0, -int(-share * len(ranked) // 1) - 1)]
    found = of(*delays).at(share)
    assert found is not None
    assert truth <= found <= truth * 1.0501


@pytest.mark.parametrize("delay", [-SECOND, 0, 10 * HOUR * 24])
def test_delays_beyond_the_ends_count_at_the_ends(delay: int) -> None:
    assert of(delay).count == 1
    assert of(delay).at(0.5) is not None


def test_what_is_older_than_two_turns_is_forgotten() -> None:
    found = of(SECOND)
    found.turn()
    found.add(MILLISECOND)
    assert found.count == 2
    found.turn()
    assert found.count == 1
    median = found.at(0.5)
    assert median is not None
    assert median < 2 * MILLISECOND
