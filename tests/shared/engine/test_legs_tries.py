"""Slices, tries after refusals and the queue at the order rate, through the whole engine."""

from itertools import pairwise

from msgspec.structs import replace

from shared.domain.decision import Reason
from shared.domain.instants import MILLISECOND, MINUTE, SECOND
from shared.domain.messages import PlanRefused, TimerKind
from tests.shared.engine.builders import trade
from tests.shared.engine.ladders import AWAY, LADDER, SLICED, S, ends, ladder, refuse, veto_feed

# ---------------------------------------------------------------------- slices


def test_a_large_order_is_worked_in_four_slices_ten_seconds_apart() -> None:
    house = ladder(limits=SLICED)
    first = house.copied()
    assert (first.size, first.later, first.slices) == (23_920_000, 71_770_000, 4)
    planned = [first.planned_at]
    for n in range(4):
        sent = house.sent[n]
        house.accept(sent)
        house.fill(sent)
        if n < 3:
            assert house.wakes[-1].timer is TimerKind.NEXT_LEG
            house.wake()
            planned.append(house.sent[-1].planned_at)
    assert [after - before for before, after in pairwise(planned)] == [10 * SECOND] * 3
    assert [sent.slice_no for sent in house.sent] == [1, 2, 3, 4]
    assert house.size() == 95_690_000
    assert house.sent[-1].later == 0
    assert len(house.sent) == 4


def test_a_slice_that_met_nobody_is_added_to_the_next_one_at_once() -> None:
    house = ladder(limits=SLICED)
    first = house.copied()
    house.accept(first)
    assert house.wakes[-1].at - house.now == 10 * SECOND
    house.wake()
    house.report(first, S.CANCELED)
    second = house.sent[1]
    assert (second.slice_no, second.size) == (2, 47_840_000)


def test_a_slice_waits_in_vain_when_its_market_has_resolved_or_a_breaker_tripped_meanwhile() -> None:
    for veto in (veto_feed, lambda house: house.resolve()):
        house = ladder(limits=SLICED)
        first = house.copied()
        house.accept(first)
        house.fill(first)
        timer = house.wakes[-1]
        veto(house)
        house.wake(timer)
        assert len(house.sent) == 1


def test_a_timer_that_fires_twice_plans_one_leg() -> None:
    house = ladder(limits=SLICED)
    first = house.copied()
    house.accept(first)
    house.fill(first)
    timer = house.wakes[-1]
    house.wake(timer)
    house.wake(timer)
    assert len(house.sent) == 2


# ---------------------------------------------------------------------- refusals


def test_a_venue_that_is_away_is_asked_again_three_times_with_growing_waits_then_it_is_a_dead_letter() -> None:
    house = ladder()
    house.copied()
    waits = []
    for n in range(4):
        refuse(house, house.sent[n])
        if n < 3:
            assert house.wakes[-1].timer is TimerKind.NEXT_LEG
            waits.append(house.wakes[-1].at - house.now)
            house.wake()
    assert waits == [500 * MILLISECOND, SECOND, 2 * SECOND]
    assert [sent.attempt for sent in house.sent] == [1, 2, 3, 4]
    assert {(sent.limit, sent.size) for sent in house.sent} == {(510_000, 95_690_000)}
    assert [house.order(sent).dead for sent in house.sent] == [False, False, False, True]
    assert house.told("dead_letter") == [f"order {house.sent[3].order_key} failed for good: {AWAY}"]
    assert len(house.told("order_rejected")) == 3
    assert house.engine.desk.risk.breaker("whale", house.now) is None  # a restart of the venue is no error


def test_a_try_that_succeeds_goes_on_with_the_phases() -> None:
    house = ladder()
    house.copied()
    refuse(house, house.sent[0])
    house.wake()
    ends(house, house.sent[1])
    assert [(sent.phase, sent.attempt) for sent in house.sent] == [(1, 1), (1, 2), (2, 1)]


def test_a_refusal_for_good_is_a_dead_letter_at_once() -> None:
    house = ladder()
    sent = house.copied()
    refuse(house, sent, "400 : address banned")
    assert house.order(sent).dead
    assert house.told("dead_letter") == [f"order {sent.order_key} failed for good: 400 : address banned"]
    assert len(house.sent) == 1


def test_an_order_that_only_found_nobody_is_no_dead_letter() -> None:
    house = ladder()
    sent = house.copied()
    refuse(house, sent, "400 : no orders found to match with FAK order")
    assert not house.order(sent).dead
    assert house.told("dead_letter") == []


def test_a_refusal_told_twice_changes_nothing_the_second_time() -> None:
    house = ladder()
    sent = house.copied()
    refuse(house, sent)
    told = len(house.alerts)
    refuse(house, sent)
    assert len(house.alerts) == told


def test_a_top_up_during_a_wait_ends_the_tries() -> None:
    house = ladder()
    house.copied()
    refuse(house, house.sent[0])
    timer = house.wakes[-1]
    assert house.whale(trade(tx="tx2"), after=MILLISECOND) is Reason.TOPPED_UP
    house.wake(timer)
    assert [sent.leg for sent in house.sent] == [1, 2]


def test_a_refused_plan_is_not_followed() -> None:
    house = ladder()
    house.commits = False
    house.whale()
    house.kill()
    assert isinstance(house.answer_plan(house.plans[0]), PlanRefused)
    assert house.sent == []
    assert len(house.plans) == 1


# ---------------------------------------------------------------------- the order rate


def test_a_leg_that_finds_the_order_rate_used_up_queues_and_asks_again_each_second() -> None:
    house = ladder(limits=replace(LADDER, entries_per_minute=2))
    first = house.copied()
    house.accept(first)
    house.copied(trade("other", "n:yes", tx="tx2"))
    house.report(first, S.CANCELED)
    assert len(house.sent) == 2
    waited = 0
    while len(house.sent) == 2:
        timer = house.wakes[-1]
        assert timer.timer is TimerKind.NEXT_LEG
        assert timer.at - house.now == SECOND
        house.wake()
        waited += 1
    assert house.sent[-1].phase == 2
    assert house.now - first.planned_at >= MINUTE
    assert waited == 59


def test_a_leg_does_not_queue_for_longer_than_a_whales_word_counts() -> None:
    house = ladder(limits=replace(LADDER, entries_per_minute=1, voice_ns=10 * SECOND))
    first = house.copied()
    house.accept(first)
    house.report(first, S.CANCELED)
    asked = 0
    while house.wakes[-1].timer is TimerKind.NEXT_LEG and asked < 20:
        before = len(house.wakes)
        house.wake()
        asked += 1
        if len(house.wakes) == before:
            break
    assert 9 <= asked <= 11
    assert len(house.sent) == 1


def test_a_leg_is_of_whole_hundredths_of_a_share_never_rounded_up() -> None:
    house = ladder()
    first = house.copied()
    ends(house, first, filled=33_333_333)
    left = (first.size - 33_333_333) * 9 // 10
    assert house.sent[1].size == left - left % 10_000
