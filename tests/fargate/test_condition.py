"""How the trader stands is told by its loop and judged by a clock of whoever asks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fargate.condition import BUSY_NS, HUNG_NS, LOOP, Component, Condition, Health
from fargate.trader import Stopped
from shared.domain.errors import Corrupt
from shared.domain.instants import SECOND, iso
from tests.fargate.fakes import NOON, HandClock

WELL = {"switch": Component(True, "trading is on", needed=True)}


class Told:
    """A health between two clocks that are turned by hand, the loop's thread and the asker's in one."""

    def __init__(self) -> None:
        self.wall, self.steady = HandClock(), HandClock(0)
        self.health = Health(self.wall.now, self.steady.now)

    def turn(self, ns: int) -> None:
        self.wall.at += ns
        self.steady.at += ns

    def trading(self, **more: Component) -> "Told":
        self.health.recovered()
        self.health.publish("replaying", {**WELL, **more})
        return self

    @property
    def now(self) -> Condition:
        return self.health.condition()

    @property
    def flags(self) -> tuple[bool, bool, bool]:
        """live, started, ready"""
        found = self.now
        return found.live, found.started, found.ready


def test_a_process_that_has_just_begun_is_alive_and_neither_started_nor_ready() -> None:
    told = Told()
    assert told.flags == (True, False, False)
    assert told.now.components[LOOP].says == "turned 0 ms ago: starting"


def test_recovered_books_are_a_start_and_readiness_waits_for_the_first_word_of_the_parts() -> None:
    told = Told()
    told.health.recovered()
    assert told.flags == (True, True, False)
    told.health.publish("replaying", WELL)
    assert told.flags == (True, True, True)


def test_parts_that_are_well_before_the_books_are_recovered_make_nobody_ready() -> None:
    told = Told()
    told.health.publish("catching up", WELL)
    assert told.flags == (True, False, False)


def test_a_hung_loop_is_found_out_by_the_clock_of_whoever_asks() -> None:
    told = Told().trading()
    told.turn(HUNG_NS)
    assert told.flags == (True, True, True)
    told.turn(1)
    assert told.flags == (False, True, False)
    loop = told.now.components[LOOP]
    assert (loop.ok, loop.says, loop.since) == (False, "has not turned for 15 s, last: replaying", iso(NOON))


def test_a_loop_that_turns_again_is_alive_since_then() -> None:
    told = Told().trading()
    told.turn(60 * SECOND)
    told.health.publish("replaying", WELL)
    assert told.flags == (True, True, True)
    assert told.now.components[LOOP].since == iso(NOON + 60 * SECOND)


def test_a_wall_clock_that_is_set_back_or_forward_kills_nobody() -> None:
    told = Told().trading()
    for jump in (-3600, 7200):
        told.wall.turn(jump)
        assert told.flags == (True, True, True)


def test_preparing_may_take_minutes_between_two_signs_of_life() -> None:
    told = Told()
    told.turn(BUSY_NS)
    assert told.now.live
    told.health.beat("reading the past: 3 of 50 wallets")
    told.turn(BUSY_NS)
    assert told.now.components[LOOP].says == "turned 5 min ago: reading the past: 3 of 50 wallets"
    told.turn(1)
    assert not told.now.live


def test_once_started_a_line_said_is_no_proof_that_the_loop_turns() -> None:
    told = Told().trading()
    told.turn(HUNG_NS + 1)
    told.health.beat("something else is said")
    assert not told.now.live


def test_what_entries_need_makes_ready_and_the_rest_is_only_told() -> None:
    told = Told().trading(inbox=Component(False, "5,000 facts wait"))
    assert told.flags == (True, True, True)
    told.trading(venue=Component(False, "no equal round yet", needed=True))
    assert told.flags == (True, True, False)
    shown = told.now.components
    assert list(shown) == [LOOP, "switch", "venue"]
    assert (shown["venue"].ok, shown["venue"].says) == (False, "no equal round yet")


def test_a_component_says_since_when_it_stands_so_whatever_it_says_meanwhile() -> None:
    told = Told().trading()
    told.turn(2 * SECOND)
    told.trading(feed=Component(False, "silent"))
    told.turn(2 * SECOND)
    told.trading(feed=Component(False, "refused"))
    shown = told.now.components
    assert (shown["switch"].since, shown["feed"].since) == (iso(NOON), iso(NOON + 2 * SECOND))
    told.turn(2 * SECOND)
    told.trading(feed=Component(True, "back"))
    assert told.now.components["feed"].since == iso(NOON + 6 * SECOND)


def test_a_component_that_is_no_longer_told_is_gone() -> None:
    told = Told().trading(feed=Component(False, "silent", needed=True))
    told.trading()
    assert list(told.now.components) == [LOOP, "switch"]
    assert told.now.ready


def test_others_add_components_which_are_asked_at_each_turn_and_count_like_ours() -> None:
    told = Told()
    held = [True]
    told.health.components["lease"] = lambda: Component(held[0], "epoch 7", needed=True)
    assert told.trading().flags == (True, True, True)
    held[0] = False
    assert told.flags == (True, True, True)  # nobody has asked it meanwhile
    assert told.trading().flags == (True, True, False)
    assert told.now.components["lease"].says == "epoch 7"


def test_things_are_told_about_once_a_second() -> None:
    told = Told()
    assert told.health.due()
    told.trading()
    assert not told.health.due()
    told.turn(SECOND - 1)
    assert not told.health.due()
    told.turn(1)
    assert told.health.due()


def test_a_failure_for_good_is_neither_alive_nor_ready_and_its_reason_stays() -> None:
    told = Told().trading()
    told.health.end(Corrupt("the sum is 3"))
    told.health.end(Stopped())
    told.health.publish("still", WELL)
    assert told.flags == (False, True, False)
    assert told.now.components[LOOP].says == "Corrupt: the sum is 3"


def test_a_stop_that_somebody_wished_is_no_failure_and_may_take_its_time() -> None:
    told = Told().trading()
    told.health.end(Stopped())
    told.turn(120 * SECOND)
    assert told.flags == (True, True, False)
    assert told.now.components[LOOP].says == "stopping"
    told.turn(BUSY_NS)
    assert not told.now.live


@pytest.mark.parametrize("error", [Corrupt("x" * 10_000), Corrupt("")])
def test_long_words_are_cut(error: Exception) -> None:
    told = Told().trading(feed=Component(False, "y" * 10_000))
    assert len(told.now.components["feed"].says) == 200
    told.health.end(error)
    assert len(told.now.components[LOOP].says) <= 200


STEPS = st.lists(
    st.one_of(
        st.integers(0, 2 * BUSY_NS),
        st.sampled_from(("beat", "recovered", "well", "unwell", "stop", "fail")),
    ),
    max_size=30,
)


@given(steps=STEPS)
def test_whatever_happens_the_three_words_follow_from_what_happened(steps: list[int | str]) -> None:
    told, silent, started, ended, failed, well = Told(), 0, False, False, False, False
    for step in steps:
        patience = HUNG_NS if started and not ended else BUSY_NS
        if isinstance(step, int):
            told.turn(step)
            silent += step
        elif step == "beat":
            told.health.beat()
            silent = silent if started or ended else 0
        elif step == "recovered":
            told.health.recovered()
            started, silent = True, 0
        elif step in ("well", "unwell"):
            well, silent = step == "well", 0
            told.health.publish("x", {"venue": Component(well, "", needed=True)})
        else:
            told.health.end(Stopped() if step == "stop" else Corrupt(""))
            silent = silent if ended else 0
            failed = failed or (step == "fail" and not ended)
            ended = True
        patience = HUNG_NS if started and not ended else BUSY_NS
        live = silent <= patience and not failed
        assert told.flags == (live, started, live and started and well and not ended)
        assert told.now.components[LOOP].ok is live
