from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.spot.sanity import CLOCK_FOR_NS, CLOCK_MESSAGES, ClockCheck, Jumps, Sanity
from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.messages import NoticeKind

AT = 1_790_000_000 * SECOND


def test_five_percent_within_a_second_is_no_jump_and_more_is_one() -> None:
    jumps = Jumps()
    assert jumps.take(100_000_000, AT) is None
    assert jumps.take(105_000_000, AT + MILLISECOND) is None
    assert jumps.take(105_000_001, AT + 2 * MILLISECOND) == 100_000_000


def test_a_fall_is_a_jump_too() -> None:
    jumps = Jumps()
    jumps.take(100_000_000, AT)
    assert jumps.take(94_999_999, AT + MILLISECOND) == 100_000_000


def test_the_same_move_over_more_than_a_second_is_none() -> None:
    jumps = Jumps()
    jumps.take(100_000_000, AT)
    assert jumps.take(110_000_000, AT + SECOND + 1) is None


def test_many_small_steps_within_a_second_are_a_jump() -> None:
    jumps = Jumps()
    found = [jumps.take(100_000_000 + 1_000_000 * n, AT + n * MILLISECOND) for n in range(8)]
    assert found == [None] * 6 + [100_000_000, None]


def test_a_jump_is_flagged_once_and_the_new_level_stands() -> None:
    jumps = Jumps()
    jumps.take(100_000_000, AT)
    assert jumps.take(200_000_000, AT) is not None
    assert jumps.take(200_000_000, AT) is None


@given(st.lists(st.tuples(st.integers(1, 200), st.integers(0, 900)), min_size=1, max_size=40))
def test_jumps_agree_with_looking_at_every_price_of_the_last_second(steps: list[tuple[int, int]]) -> None:
    jumps, at = Jumps(), AT
    window: list[tuple[int, int]] = []
    for price, wait_ms in steps:
        at += wait_ms * MILLISECOND
        window = [(when, was) for when, was in window if when >= at - SECOND]
        expected = any(price * 100 > was * 105 or price * 100 < was * 95 for _, was in window)
        assert (jumps.take(price, at) is not None) == expected
        window = [(at, price)] if expected else [*window, (at, price)]


def test_a_clock_that_is_off_for_ten_seconds_is_told_once_with_its_offset() -> None:
    check = ClockCheck()
    found = [check.take(AT + n * SECOND, AT + n * SECOND + 3 * SECOND) for n in range(15)]
    said = [one for one in found if one]
    assert said == [(NoticeKind.CLOCK, "the exchange's time is behind ours by 3.0 s or more for 10 s")]
    assert found.index(said[0]) == CLOCK_FOR_NS // SECOND
    assert check.offset_ns == 3 * SECOND


def test_a_clock_ahead_of_ours_is_told_as_such() -> None:
    check = ClockCheck()
    said = [check.take(AT + n * SECOND + 2 * SECOND, AT + n * SECOND) for n in range(12)]
    assert [one for one in said if one] == [
        (NoticeKind.CLOCK, "the exchange's time is ahead of ours by 2.0 s or more for 10 s")
    ]
    assert check.offset_ns == -2 * SECOND


def test_one_message_in_time_shows_that_the_clock_is_right() -> None:
    check = ClockCheck()
    for n in range(30):
        late = 0 if n % 8 == 7 else 5 * SECOND
        assert check.take(AT + n * SECOND, AT + n * SECOND + late) is None
    assert check.offset_ns == 0


def test_the_return_of_a_right_clock_is_told() -> None:
    check = ClockCheck()
    for n in range(12):
        check.take(AT + n * SECOND, AT + n * SECOND + 3 * SECOND)
    assert check.take(AT, AT) == (NoticeKind.CLOCK, "the exchange's time is within 1 s of ours again")
    assert check.offset_ns == 0


def test_a_few_late_messages_far_apart_prove_nothing() -> None:
    check = ClockCheck()
    assert [check.take(AT, AT + n * 20 * SECOND) for n in range(1, CLOCK_MESSAGES)] == [None] * (CLOCK_MESSAGES - 1)


def test_a_jump_is_said_with_both_prices() -> None:
    sanity = Sanity()
    sanity.price("BTC", 100_000_000, AT)
    sanity.price("ETH", 1_000_000, AT)
    assert sanity.price("BTC", 120_500_000, AT) == (
        NoticeKind.REFUSED,
        "price jump: BTC from 100 to 120.5 within 1 s",
    )
    assert sanity.jumps == 1
