"""Overhearing trades does what handling each of them does: the same effects at the same times, the same prices."""

from collections.abc import Sequence

from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain.effects import Effect, RecordDecision
from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.messages import Event, WhaleTrade
from shared.domain.money import ONE
from shared.engine.engine import Engine
from tests.shared.engine.builders import House, trade
from tests.shared.engine.reasons import ratio

Step = tuple[int, WhaleTrade]
"""Nanoseconds after the step before, and the trade that is then observed."""
Seen = list[tuple[int, list[Effect]]]
FOREVER = 1 << 62


def stepped(*wanted: tuple[int, str, str, int]) -> list[Step]:
    """(milliseconds after the one before, wallet, token, price in cents) each."""
    return [
        (after * MILLISECOND, trade(wallet, token, price=cents * 10_000, size=10 * ONE, tx=f"0x{n}"))
        for n, (after, wallet, token, cents) in enumerate(wanted)
    ]


def events_of(house: House, steps: Sequence[Step]) -> list[Event]:
    at, events = house.now, []
    for number, (after, payload) in enumerate(steps, start=1):
        at += after
        events.append(Event(number, at, at, "feed", payload))
    return events


def handled(engine: Engine, events: list[Event]) -> Seen:
    seen = [(event.observed_at, engine.handle(event)) for event in events]
    return [(at, effects) for at, effects in seen if effects]


def overheard(engine: Engine, events: list[Event], until: int = FOREVER) -> tuple[Seen, int]:
    """What came of it, and how many events had to be handled; ``until`` that many nanoseconds later each time."""
    seen: Seen = []
    counted, bound = 0, engine.now + until
    trades = [(event, event.payload) for event in events if isinstance(event.payload, WhaleTrade)]
    rows = iter([(e.observed_at, t.wallet, t.token, t.price, t.size, n) for n, (e, t) in enumerate(trades)])
    while True:
        effects, place = engine.overhear(rows, bound)
        if effects:
            seen.append((engine.now, effects))
        elif place is None:
            return seen, counted
        else:
            counted += 1
            event = events[place]
            bound = max(bound, event.observed_at + until)
            effects = engine.handle(event)
            if effects:
                seen.append((event.observed_at, effects))


def holding() -> House:
    """A house that holds what it copied of the whale, and follows that token's prices."""
    house = ratio()
    house.bought()
    return house


STEPS = st.lists(
    st.tuples(
        st.sampled_from((0, 1, 400, 1_000, 61_000, 90_000_000)),
        st.sampled_from(("whale", "stranger", "another")),
        st.sampled_from(("m:yes", "m:no", "l:yes")),
        st.integers(1, 99),
    ),
    max_size=40,
)


@given(STEPS, st.sampled_from((1, SECOND, FOREVER)))
@example([(1_000, "stranger", "m:yes", 30), (1_000, "stranger", "l:yes", 30), (1_000, "whale", "m:yes", 31)], FOREVER)
def test_overhearing_does_what_handling_does(steps: list[tuple[int, str, str, int]], until: int) -> None:
    one, other = holding(), holding()
    events = events_of(one, stepped(*steps))
    assert overheard(other.engine, events, until)[0] == handled(one.engine, events)
    assert other.engine.now == one.engine.now
    assert list(other.engine.prices) == list(one.engine.prices)
    for token, prices in one.engine.prices.items():
        same = other.engine.prices[token]
        assert same.average(one.engine.now) == prices.average(one.engine.now)
        assert (same.swing(one.engine.now), same.volatility()) == (prices.swing(one.engine.now), prices.volatility())
    assert other.engine.counts == one.engine.counts


def test_only_what_may_be_more_than_a_price_has_to_be_handled() -> None:
    house = holding()
    strangers = [(100, "stranger", "l:yes", 50)] * 30
    events = events_of(house, stepped(*strangers, (1, "whale", "l:yes", 50), (1, "stranger", "m:yes", 50), *strangers))
    assert overheard(house.engine, events)[1] == 2


def test_a_trade_before_the_last_one_is_not_overheard() -> None:
    house = holding()
    (event,) = events_of(house, stepped((0, "stranger", "l:yes", 50)))
    assert house.engine.overhear([(event.observed_at - 1, "stranger", "l:yes", 500_000, ONE, 7)], FOREVER) == ([], 7)


def test_what_the_passing_of_time_gives_rise_to_is_told_at_the_trade_that_shows_it() -> None:
    house = holding()
    house.engine.desk.risk.spot(100 * ONE, house.now)
    house.engine.desk.risk.spot(110 * ONE, house.now)
    events = events_of(house, stepped((1_500, "stranger", "l:yes", 50), (10, "stranger", "l:yes", 50)))
    seen, counted = overheard(house.engine, events)
    assert counted == 0
    assert [at for at, _ in seen] == [events[0].observed_at]
    assert not any(isinstance(effect, RecordDecision) for effect in seen[0][1])
    assert house.engine.now == events[1].observed_at
