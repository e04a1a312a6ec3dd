import itertools
from dataclasses import dataclass, field

import pytest

from shared.adapters.control.stopping import CLOCKS_APART_NS, REASON_MAX, NoVenue, Stopped, stop
from shared.domain.errors import BadInput, Temporary
from shared.ports import Switch


@dataclass
class Venue:
    """Keeps what it was asked, in one list with the switch."""

    done: list[str]
    befores: list[int] = field(default_factory=list)
    fails: int = 0

    def cancel_all(self, before: int, reason: str) -> str:
        if self.fails:
            self.fails -= 1
            raise Temporary("the venue does not answer")
        self.done.append(f"cancelled: {reason}")
        self.befores.append(before)
        return "every order is void"


@dataclass
class Store:
    done: list[str]
    stands: Switch = field(default_factory=lambda: Switch(True))

    def switch(self) -> Switch:
        return self.stands

    def set_switch(self, switch: Switch) -> None:
        self.done.append(f"switched: {switch.reason}")
        if switch.replaces(self.stands):
            self.stands = switch


class House:
    def __init__(self) -> None:
        self.done: list[str] = []
        self.store, self.venue = Store(self.done), Venue(self.done)
        self.clock = itertools.count(10**18)

    def stop(self, reason: str = "drill") -> Stopped:
        return stop(self.store, self.venue, reason, lambda: next(self.clock))


def test_the_switch_comes_before_the_orders() -> None:
    house = House()
    done = house.stop()
    assert house.done == ["switched: drill", "cancelled: drill"]
    assert (done.trading, done.was_stopped, done.orders) == (False, False, "every order is void")


def test_orders_planned_until_the_switch_was_set_are_void_even_by_a_clock_that_is_ahead() -> None:
    house = House()
    house.stop()
    assert house.venue.befores[0] > house.store.stands.at + CLOCKS_APART_NS


def test_a_second_stop_says_that_trading_was_stopped_and_holds_against_a_resume_asked_for_before() -> None:
    house = House()
    house.stop()
    resume_asked_at = next(house.clock)
    assert house.stop("again").was_stopped
    house.store.set_switch(Switch(True, "all well", 0, resume_asked_at))
    assert not house.store.stands.trading


def test_a_stop_whose_cancel_failed_is_finished_by_asking_again() -> None:
    house = House()
    house.venue.fails = 1
    with pytest.raises(Temporary):
        house.stop()
    assert not house.store.stands.trading
    house.stop()
    assert house.done[-1] == "cancelled: drill"


@pytest.mark.parametrize(("given", "kept"), [("  a \n b ", "a b"), ("", "no reason given"), ("x" * 999, "x" * 200)])
def test_a_reason_is_one_short_line(given: str, kept: str) -> None:
    assert House().stop(given).reason == kept
    assert len(kept) <= REASON_MAX


def test_where_no_venue_is_known_the_switch_is_set_and_the_rest_is_said_in_one_sentence() -> None:
    house = House()
    with pytest.raises(BadInput, match="nothing is planned any more, but open orders cannot be cancelled") as said:
        stop(house.store, NoVenue("live"), "drill", lambda: next(house.clock))
    assert "there is no venue of deployment live yet" in str(said.value)
    assert not house.store.stands.trading
