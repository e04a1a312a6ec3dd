import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import reasons
from shared.domain.decision import Reason
from shared.domain.instants import HOUR, MINUTE
from shared.domain.money import ONE, dollars
from shared.domain.reasons import Bound, Kind, numbers_in_words, read_numbers, shown

NAMES = st.text("abcdefghij_", min_size=1, max_size=12)


def test_every_reason_has_its_own_label_and_one_sentence() -> None:
    assert list(reasons.REASONS) == list(Reason)
    assert len({label for label, _ in reasons.REASONS.values()}) == len(Reason)
    for reason in Reason:
        assert reasons.sentence(reason).endswith(".")
        assert "_" not in reasons.label(reason)


def test_a_reason_of_a_later_version_stays_readable() -> None:
    assert reasons.label_of("moon_phase") == "Moon phase"
    assert reasons.label_of("stop_loss") == "Stop-loss"


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((("overlap", 310_000), ("overlap_max", 300_000)), ["overlap 31.0% (at most 30.0%)"]),
        (
            (("voices_for", 3 * ONE), ("overlap", 120_000), ("overlap_max", 300_000), ("overlap_free", 200_000)),
            ["whales for it 3", "overlap 12.0% (at most 30.0%, independent below 20.0%)"],
        ),
        (
            (("before_end_ns", 2 * HOUR + 13 * MINUTE), ("entry_before_end_ns", 3 * HOUR)),
            ["time to the end 2 h 13 min (at least 3 h 0 min)"],
        ),
        ((("seconds_to_end", 90 * ONE), ("exit_before_end", 120 * ONE)), ["time to the end 1 min (out before 2 min)"]),
        ((("day_lost", -5), ("day_loss_limit", dollars(500))), ["lost today $0.00 (less than $500.00)"]),
        ((("p_win", 640_000), ("all_in", 652_250)), ["chance to win 64.0% (price with fee: $0.65225)"]),
        (
            (("average", 600_000), ("sellable", 510_000), ("stop_loss", 150_000), ("stop_at", 510_000)),
            ["average price $0.6 (stop-loss below it by 15.0%)", "could be sold at $0.51 (stop at $0.51)"],
        ),
        ((("streak_factor", 1_250_000),), ["size after wins or losses in a row x1.25"]),
        (
            (("stake_wanted", 9_996_000), ("trade_min_usd", dollars(10))),
            ["stake after all factors $10.00 (at least $10.00)"],
        ),
        ((("room", -dollars(3)), ("trade_min_usd", dollars(10))), ["room left -$3.00 (at least $10.00)"]),
    ],
)
def test_numbers_stand_with_their_unit_and_beside_their_limit(
    numbers: tuple[tuple[str, int], ...], said: list[str]
) -> None:
    assert numbers_in_words(numbers) == said


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((("moon_ns", HOUR), ("moon_ns_max", 2 * HOUR)), ["moon 1 h 0 min (at most 2 h 0 min)"]),
        ((("tide_usd", ONE), ("tide_usd_min", 2 * ONE)), ["tide usd $1.00 (at least $2.00)"]),
        ((("luck_factor", 500_000),), ["luck factor x0.5"]),
        ((("sheep", 1_500_000), ("sheep_limit", ONE)), ["sheep 1.5 (at most 1)"]),
        ((("overlap_max", 300_000),), ["overlap max 0.3"]),
    ],
)
def test_a_number_of_a_later_version_stays_readable(numbers: tuple[tuple[str, int], ...], said: list[str]) -> None:
    assert numbers_in_words(numbers) == said


def test_a_reading_keeps_the_exact_numbers() -> None:
    (reading,) = read_numbers((("overlap", 310_001), ("overlap_max", 300_000)))
    assert (reading.name, reading.kind, reading.value) == ("overlap", Kind.SHARE, 310_001)
    assert reading.limits == (Bound("overlap_max", "at most", 300_000),)


@given(st.dictionaries(NAMES, st.integers(-(10**15), 10**15), max_size=8))
def test_no_number_is_lost(values: dict[str, int]) -> None:
    numbers = tuple(values.items())
    found = read_numbers(numbers)
    told = {reading.name: reading.value for reading in found}
    told.update({bound.name: bound.value for reading in found for bound in reading.limits})
    assert told == values
    for reading in found:
        assert shown(reading.kind, reading.value) in reading.text
