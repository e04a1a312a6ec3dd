import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.analytics.lifecycle import LifecycleRules, Outcome, Why, standing
from shared.domain.errors import BadInput
from shared.domain.instants import DAY, HOUR

LOSS, WIN = -1_000_000, 1_000_000


def within_a_day(*pnl: int, start: int = DAY, shadow: bool = False) -> list[Outcome]:
    return [Outcome(start + place * HOUR, one, shadow) for place, one in enumerate(pnl)]


def test_a_wallet_without_history_is_on() -> None:
    assert standing([]).enabled
    assert standing([]).why is Why.STARTED


def test_four_losses_in_a_row_keep_it_on_and_the_fifth_switches_it_off() -> None:
    assert standing(within_a_day(*[LOSS] * 4)).enabled
    after = standing(within_a_day(*[LOSS] * 5))
    assert (after.enabled, after.why, after.since) == (False, Why.LOSSES, DAY + 4 * HOUR)


def test_a_win_in_between_starts_the_count_again_and_a_zero_does_not() -> None:
    assert standing(within_a_day(*[LOSS] * 4, WIN, *[LOSS] * 4)).enabled
    assert not standing(within_a_day(*[LOSS] * 3, 0, *[LOSS] * 2)).enabled


def test_three_losing_days_in_a_row_switch_it_off() -> None:
    days = [Outcome(DAY * day, LOSS if day < 4 else WIN) for day in range(1, 4)]
    mixed = [*days[:2], Outcome(3 * DAY, 5 * WIN)]
    assert standing(days).why is Why.LOSING_DAYS
    assert standing(mixed).enabled


def test_two_wins_of_shadow_copies_switch_it_on_again() -> None:
    off = within_a_day(*[LOSS] * 5)
    one = [*off, *within_a_day(WIN, start=2 * DAY, shadow=True)]
    two = [*off, *within_a_day(WIN, WIN, start=2 * DAY, shadow=True)]
    assert not standing(one).enabled
    assert standing(two).why is Why.RECOVERED


def test_late_settlements_of_real_copies_do_not_switch_it_on_again() -> None:
    late = [*within_a_day(*[LOSS] * 5), *within_a_day(WIN, WIN, WIN, start=2 * DAY)]
    assert not standing(late).enabled


def test_the_losses_that_switched_it_off_do_not_count_again_after_it_recovered() -> None:
    recovered = [*within_a_day(*[LOSS] * 5), *within_a_day(WIN, WIN, start=2 * DAY, shadow=True)]
    assert standing([*recovered, *within_a_day(*[LOSS] * 4, start=3 * DAY)]).enabled
    assert not standing([*recovered, *within_a_day(*[LOSS] * 5, start=3 * DAY)]).enabled


def test_a_negative_edge_over_the_last_thirty_copies_switches_it_off() -> None:
    pattern = [WIN, -2 * WIN] * 15
    spread = [Outcome((place + 1) * HOUR, one) for place, one in enumerate(pattern)]
    assert standing(spread).why is Why.NEGATIVE_EDGE
    assert standing(spread[:28]).enabled


def test_moving_like_a_better_wallet_switches_it_off_and_overlap_is_flagged() -> None:
    assert standing([], correlation=0.71).why is Why.CORRELATED
    assert standing([], correlation=0.70).enabled
    assert standing([], overlap=0.51).flags == ("overlap",)
    assert standing([], overlap=0.50).flags == ()


def test_a_persons_order_goes_before_every_rule() -> None:
    losing = within_a_day(*[LOSS] * 9)
    assert standing(losing, override="on", correlation=0.9).why is Why.ORDERED_ON
    assert standing(within_a_day(WIN), override="off").why is Why.ORDERED_OFF


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ({"correlation": 1.5}, "correlation must lie between -1 and 1, not 1.5"),
        ({"overlap": float("nan")}, "overlap must lie between 0 and 1, not nan"),
    ],
)
def test_a_measure_outside_its_range_is_refused(bad: dict[str, float], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        standing([], correlation=bad.get("correlation", 0.0), overlap=bad.get("overlap", 0.0))


def test_rules_that_make_no_sense_are_refused() -> None:
    with pytest.raises(BadInput, match="losses_off must be at least 1, not 0"):
        LifecycleRules(losses_off=0)
    with pytest.raises(BadInput, match="correlation_off must lie above 0"):
        LifecycleRules(correlation_off=0.0)


outcomes = st.builds(Outcome, st.integers(0, 40 * DAY), st.integers(-5, 5), st.booleans())


@given(st.lists(outcomes, max_size=60), st.randoms())
def test_the_order_in_which_the_history_is_given_does_not_matter(history: list[Outcome], random: object) -> None:
    assert standing(history) == standing(list(reversed(history)))


@given(st.lists(outcomes, max_size=60))
def test_what_was_decided_earlier_depends_on_earlier_outcomes_only(history: list[Outcome]) -> None:
    ordered = sorted(history, key=lambda one: one.at)
    whole, half = standing(ordered), standing(ordered[: len(ordered) // 2])
    assert whole.since == 0 or whole.since in {one.at for one in ordered}
    assert half.since <= (ordered[len(ordered) // 2 - 1].at if len(ordered) > 1 else 0)
