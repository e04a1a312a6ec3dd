from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.control.watching import SILENT_NS, STARTING_NS, pulse
from shared.adapters.durable.backend import Lease
from shared.domain.instants import SECOND
from shared.settings import LeaseSettings

NOW = 1_774_180_800_000_000_000
SETTINGS = LeaseSettings()


def lease(beat: int = 0, age_s: int = 5, *, released: bool = False) -> Lease:
    return Lease(2, "two", beat, released, NOW - age_s * SECOND)


def test_a_trader_that_was_heard_within_the_minute_is_up() -> None:
    assert pulse(NOW - SILENT_NS, None, NOW, SETTINGS).up


def test_a_trader_that_was_never_heard_is_neither_up_nor_dead() -> None:
    found = pulse(0, None, NOW, SETTINGS)
    assert not found.up
    assert not found.dead


def test_a_heartbeat_older_than_a_minute_is_a_death() -> None:
    found = pulse(NOW - SILENT_NS - 1, lease(beat=90, age_s=90), NOW, SETTINGS)
    assert found.dead
    assert "its lease has run out" in found.says


def test_a_lease_that_another_has_just_taken_over_is_no_death_yet() -> None:
    found = pulse(NOW - 90 * SECOND, lease(beat=3), NOW, SETTINGS)
    assert not found.dead
    assert not found.up
    assert "another trader starts" in found.says


def test_a_trader_that_has_held_the_lease_for_long_and_shows_nothing_hangs() -> None:
    found = pulse(NOW - 90 * SECOND, lease(beat=7), NOW, SETTINGS)
    assert found.dead
    assert "hangs" in found.says


def test_traders_that_take_over_again_and_again_and_show_nothing_are_dead_after_three_minutes() -> None:
    assert not pulse(NOW - STARTING_NS, lease(), NOW, SETTINGS).dead
    assert pulse(NOW - STARTING_NS - 1, lease(), NOW, SETTINGS).dead


def test_a_trader_that_ended_in_order_is_told_as_such() -> None:
    assert "ended in order" in pulse(NOW - 90 * SECOND, lease(released=True), NOW, SETTINGS).says
    assert "nobody holds" in pulse(NOW - 90 * SECOND, None, NOW, SETTINGS).says


def test_a_heartbeat_from_the_future_is_of_now() -> None:
    assert pulse(NOW + 5 * SECOND, None, NOW, SETTINGS).age == 0


@given(st.integers(1, NOW + SECOND), st.integers(0, 100), st.integers(0, 300), st.booleans())
def test_it_is_never_up_and_dead_and_dead_only_after_a_minute(at: int, beat: int, age: int, let_go: bool) -> None:
    found = pulse(at, lease(beat, age, released=let_go), NOW, SETTINGS)
    assert not (found.up and found.dead)
    assert found.up == (NOW - at <= SILENT_NS)
    if found.dead:
        assert found.age > SILENT_NS
