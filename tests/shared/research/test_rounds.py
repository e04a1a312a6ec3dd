"""Rounds of reconciliation: when they are due, what they look at, what follows, and that nothing comes of nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.domain.command import Command, CommandKind
from shared.domain.effects import Alert
from shared.domain.instants import MINUTE, SECOND
from shared.domain.ledger import BookedFill, FillKey, Record, RecordKind
from shared.domain.messages import (
    ControlChanged,
    FeedHealth,
    OrderAccepted,
    OrderFilled,
    OrderInDoubt,
    Payload,
    PlanCommitted,
    RebatePaid,
    TimerFired,
    TimerKind,
)
from shared.domain.money import ONE, dollars
from shared.domain.order import OrderState
from shared.domain.reports import OrderStatement, Reports
from shared.engine.ledger import deposit_record
from shared.engine.reconciliation import Belief
from shared.research.rounds import (
    BACK_NS,
    CHANGES,
    EVERY_NS,
    LATE_NS,
    SOON_NS,
    UNPROVEN_NS,
    Past,
    Rounds,
    Transit,
    deposit_of,
)
from tests.shared.engine.builders import NOON
from tests.shared.engine.reconciliation.world import KEY, LONG_AGO, STATUS, World, fill, held, live, reported

READ: dict[str, Any] = {"open_orders": None}


class Books:
    """An engine, as far as a round needs it; ``asked``: how often it was."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.asked = 0

    def belief(self) -> Belief:
        self.asked += 1
        return self.world.belief


def round_of(rounds: Rounds, world: World, at: int = NOON, **changes: Any) -> list[Payload]:
    return rounds.round(Books(world), world.reports(as_of=at, trades_since=rounds.since, **changes))


# ---------------------------------------------------------------------- when


def test_the_first_round_is_due_at_once_and_the_next_five_minutes_after_an_equal_one() -> None:
    rounds = Rounds()
    assert rounds.due_at == 0
    assert round_of(rounds, World(live())) == []
    assert rounds.due_at == NOON + EVERY_NS
    assert rounds.equal_at == NOON


@pytest.mark.parametrize(
    ("world", "changes"),
    [
        (World(live()), READ),
        (World(live(state=OrderState.IN_DOUBT)), {}),
        (World(live(state=OrderState.PLANNED)), {}),
    ],
    ids=["unread", "in doubt", "in flight"],
)
def test_a_difference_that_may_clear_by_itself_is_looked_at_again_soon(world: World, changes: dict[str, Any]) -> None:
    rounds = Rounds()
    round_of(rounds, world, **changes)
    assert rounds.due_at == NOON + SOON_NS


def test_a_difference_that_halts_is_looked_at_again_at_the_usual_time() -> None:
    rounds = Rounds()
    assert isinstance(round_of(rounds, World(), balance=1)[0], ControlChanged)
    assert rounds.due_at == NOON + EVERY_NS


def test_a_round_waits_until_nothing_is_on_its_way_for_a_minute_at_most() -> None:
    rounds, transit = Rounds(), Transit()
    transit.sent(OrderAccepted("a", "v"))
    assert not rounds.waits(transit, NOON)  # the first waits for nothing: no trading before it
    round_of(rounds, World())
    due = rounds.due_at
    assert rounds.waits(transit, due + LATE_NS - 1)
    assert not rounds.waits(transit, due + LATE_NS)
    transit.heard(OrderAccepted("a", "v"))
    assert not rounds.waits(transit, due)


def test_a_round_never_takes_place_while_word_of_money_that_moved_is_on_its_way() -> None:
    rounds, transit = Rounds(), Transit()
    transit.sent(RebatePaid("r", 5))
    assert rounds.waits(transit, NOON)
    round_of(rounds, World())
    assert rounds.waits(transit, NOON + 60 * MINUTE)
    transit.heard(RebatePaid("r", 5))
    assert not rounds.waits(transit, NOON + 60 * MINUTE)


def test_only_what_the_venue_says_counts_as_on_its_way() -> None:
    transit = Transit()
    for payload in (TimerFired(TimerKind.PULSE, ""), PlanCommitted("a"), Command("c", CommandKind.KILL, "why")):
        transit.sent(payload)
    assert transit.quiet
    assert not transit.moving
    assert Command in CHANGES


# ---------------------------------------------------------------------- what follows


def test_what_was_missed_is_told_and_people_read_of_it() -> None:
    rounds, world = Rounds(), World(live())
    made = fill(at=NOON - MINUTE)
    moved: dict[str, Any] = {
        "positions": {"m:yes": made.size},
        "balance": world.belief.cash - dollars(20) - made.fee,
    }
    payloads = round_of(
        rounds, world, trades=(reported(made, live()),), open_orders=(held(live(), filled=made.size),), **moved
    )
    assert payloads[0] == OrderFilled(made)
    assert {alert.severity for alert in rounds.alerts()} == {3}
    assert rounds.counts["repaired"] == len(rounds.alerts())
    assert rounds.figures() == {"rounds": 1, "equal_at": NOON, "findings": rounds.counts}


def test_a_difference_nobody_can_explain_halts_and_pages() -> None:
    rounds = Rounds()
    world = World()
    (stop, health) = round_of(rounds, world, balance=world.belief.cash + 1)
    assert stop == ControlChanged(False, f"reconciliation: {rounds.findings[0].text}")
    assert health == FeedHealth("venue", False, rounds.findings[0].text)
    assert rounds.alerts() == [Alert(1, "reconciliation", rounds.findings[0].text)]


def test_orders_in_doubt_are_named_so_that_they_are_cancelled_and_asked_about() -> None:
    rounds = Rounds()
    round_of(rounds, World(live(state=OrderState.IN_DOUBT)))
    assert rounds.doubts == (KEY,)
    round_of(rounds, World(live()), NOON + SECOND)
    assert not rounds.doubts


def test_what_is_remembered_of_a_doubt_gives_it_up_after_three_empty_rounds() -> None:
    rounds, world = Rounds(), World(live(state=OrderState.IN_DOUBT))
    told: list[Payload] = []
    for n in range(4):
        told += round_of(rounds, world, NOON + n * 15 * SECOND, cancels_answered=(KEY,))
    assert any(getattr(one, "state", None) is OrderState.CANCELED for one in told)


# ---------------------------------------------------------------------- whether anything may be entered


def test_a_driver_that_must_wait_says_so_and_takes_it_back_with_the_first_equal_round() -> None:
    rounds = Rounds()
    assert rounds.opening() == FeedHealth("venue", False, "our books were not compared with the venue's yet")
    assert round_of(rounds, World(live()), **READ) == []
    assert round_of(rounds, World(live()), NOON + SECOND) == [
        FeedHealth("venue", True, "our books equal the venue's"),
    ]
    assert round_of(rounds, World(live()), NOON + 2 * SECOND) == []


def test_a_first_round_that_is_not_equal_stops_entries_at_once() -> None:
    rounds = Rounds()
    (health,) = round_of(rounds, World(live()), **READ)
    assert health == FeedHealth("venue", False, "the venue's open orders could not be read")


@pytest.mark.parametrize(("after", "stops"), [(UNPROVEN_NS - 1, False), (UNPROVEN_NS, True)])
def test_entries_stop_when_no_round_was_equal_for_a_quarter_of_an_hour(after: int, stops: bool) -> None:
    rounds = Rounds()
    round_of(rounds, World(live()))
    found = round_of(rounds, World(live()), NOON + after, **READ)
    assert [type(one) for one in found] == ([FeedHealth] if stops else [])
    again = round_of(rounds, World(live()), NOON + UNPROVEN_NS + SECOND, **READ)
    assert len(again) == (0 if stops else 1)


# ---------------------------------------------------------------------- how far back


def test_a_round_goes_back_to_a_while_before_the_last_equal_one() -> None:
    rounds = Rounds()
    round_of(rounds, World(live()), **READ)
    assert rounds.since == 0
    round_of(rounds, World(live()))
    assert rounds.since == NOON - BACK_NS
    round_of(rounds, World(live()), NOON + MINUTE, **READ)
    assert rounds.since == NOON - BACK_NS


LOOKS = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(0, 50), st.booleans(), st.sampled_from(list(STATUS))), max_size=4),
        st.integers(0, 20),
        st.integers(0, 50),
    ),
    min_size=1,
    max_size=8,
)


@given(LOOKS)
def test_of_the_executions_only_old_ones_that_are_settled_are_passed_over(looks: list[Any]) -> None:
    past = Past()
    booked: dict[FillKey, BookedFill] = {}
    for made, confirmed, since in looks:
        for at, settles, status in made:
            booked[f"t{len(booked)}", KEY] = BookedFill(replace(fill(at=at), settles=settles), status)
        for key in list(booked)[confirmed : confirmed + 1]:  # one of them settles meanwhile
            booked[key] = replace(booked[key], status=STATUS.CONFIRMED)
        others = dict(past.others(booked, since))
        assert list(others) == list(booked)[len(booked) - len(others) :]
        for key, one in booked.items():
            waits = one.fill.settles and one.status not in (STATUS.CONFIRMED, STATUS.FAILED)
            assert key in others or (one.fill.venue_at < since and not waits)
        first = next(iter(others.values()), None)
        assert first is None or first.fill.venue_at >= since or first.status not in (STATUS.CONFIRMED, STATUS.FAILED)


def test_an_execution_that_has_not_settled_is_looked_at_however_old_it_is() -> None:
    made = fill(at=LONG_AGO)
    for settles, status, since in (
        (True, STATUS.MINED, LONG_AGO),
        (True, STATUS.CONFIRMED, NOON - BACK_NS),
        (False, STATUS.MATCHED, NOON - BACK_NS),
    ):
        rounds, world = Rounds(), World(live()).booked(replace(made, settles=settles), status)
        round_of(rounds, world)
        assert rounds.since == since


def past(world: World) -> World:
    """An order of an hour ago that has ended, with an execution."""
    world.booked(fill(at=LONG_AGO))
    ended = replace(world.books.orders[KEY], state=OrderState.CANCELED, changed_at=LONG_AGO)
    world.books.orders[KEY] = ended
    return world


def test_what_ended_long_before_is_not_compared_again_and_equal_stays_equal() -> None:
    rounds, world = Rounds(), past(World(live()))
    round_of(rounds, world)
    assert round_of(rounds, world, NOON + MINUTE, trades=()) == []
    assert rounds.equal_at == NOON + MINUTE


def test_an_old_order_that_reports_name_is_known_and_not_taken_for_somebody_elses() -> None:
    rounds, world = Rounds(), past(World(live()))
    round_of(rounds, world)
    late = fill("t2", at=NOON, size=ONE)
    moved: dict[str, Any] = {"positions": {"m:yes": 41 * ONE}, "balance": world.belief.cash - 500_000 - late.fee}
    found = round_of(rounds, world, NOON + MINUTE, trades=(reported(late, live()),), **moved)
    assert found == [OrderFilled(late), *found[1:]]
    assert not any(isinstance(one, ControlChanged) for one in found)


def test_reports_that_name_an_order_by_the_venues_id_alone_are_compared_with_everything() -> None:
    rounds, world = Rounds(), past(World(live()))
    round_of(rounds, world)
    statement = OrderStatement("", OrderState.CANCELED, world.books.orders[KEY].filled, "0xa")
    assert round_of(rounds, world, NOON + MINUTE, statements=(statement,)) == []
    assert rounds.equal_at == NOON + MINUTE


def test_an_order_that_ended_lately_is_still_compared() -> None:
    rounds, world = Rounds(), World(live())
    round_of(rounds, world)
    world.books.orders[KEY] = replace(live(), state=OrderState.CANCELED, changed_at=NOON)
    (finding,) = [type(one) for one in round_of(rounds, world, NOON + MINUTE, open_orders=(held(live()),))]
    assert finding is ControlChanged


@given(
    st.lists(st.integers(0, 3_600), min_size=1, max_size=6),
    st.integers(0, 7_200),
    st.booleans(),
)
def test_looking_at_the_last_minutes_finds_what_looking_at_everything_finds(
    ages: list[int], later: int, doubtful: bool
) -> None:
    state = OrderState.IN_DOUBT if doubtful else OrderState.LIVE
    world = World(live(state=state))
    for n, age in enumerate(ages):
        world.booked(fill(f"t{n}", size=ONE, fee=0, at=NOON - age * SECOND))
    at = NOON + later * SECOND
    lately, everything = Rounds(), Rounds()
    round_of(lately, world)
    round_of(everything, world)
    everything.since = 0
    told = round_of(lately, world, at, trades=_since(world, lately.since))
    assert told == round_of(everything, world, at)
    assert lately.findings == everything.findings


def _since(world: World, since: int) -> Any:
    every = world.reports().trades
    assert every is not None
    return tuple(trade for trade in every if trade.fill.venue_at >= since)


def test_the_same_reports_twice_tell_nothing_new() -> None:
    rounds, world = Rounds(), World(live(state=OrderState.PLANNED))
    reports: Reports = world.reports(open_orders=(held(live()),))
    (told,) = rounds.round(Books(world), reports)
    assert told == OrderAccepted(KEY, "0xa")
    world.books.orders[KEY] = live(changed_at=NOON)
    assert rounds.round(Books(world), reports) == []


def test_an_order_lost_from_sight_falls_into_doubt() -> None:
    rounds = Rounds()
    told = round_of(rounds, World(live()), open_orders=())
    assert isinstance(told[0], OrderInDoubt)
    assert rounds.doubts == (KEY,)


# ---------------------------------------------------------------------- deposits


def test_a_record_of_a_deposit_says_what_was_paid_in_under_a_name_of_its_own() -> None:
    first, second = (deposit_record("test", dollars(5), NOON, key) for key in ("a", "b"))
    named, other = deposit_of(first), deposit_of(second)
    assert named is not None
    assert other is not None
    assert named[1] == other[1] == dollars(5)
    assert named[0] != other[0]
    assert deposit_of(deposit_record("test", dollars(5), NOON + 1, "a")) == named


def test_other_records_pay_nothing_in() -> None:
    assert deposit_of(Record(RecordKind.MOVED, "test", NOON, order=live())) is None
    assert deposit_of(Record(RecordKind.DEPOSITED, "test", NOON)) is None
