import msgspec
import pytest

from fargate.condition import Component, Health
from fargate.flattening import Flattening
from fargate.lanes import InPlace
from fargate.trader import Stopped, copied, status_line
from shared.domain.command import Command, CommandKind
from shared.domain.decision import Reason
from shared.domain.effects import Alert
from shared.domain.errors import Temporary
from shared.domain.instants import MINUTE, SECOND
from shared.domain.messages import (
    Event,
    FeedHealth,
    MarketListed,
    PublicTrade,
)
from shared.domain.money import Shares, Usd, dollars
from shared.domain.order import OrderState, Side
from shared.ports import Switch
from tests.fargate.fakes import NOON, HandClock, Life
from tests.shared.engine.builders import market, ranking, trade

NAME = "m"


def bought(life: Life) -> Life:
    """A whale's trade copied and filled by the crowd."""
    now = life.clock.now()
    for payload in (ranking("whale"), MarketListed(market(NAME, end_at=now + 10**18))):
        life.driver.handle_now(payload, now)
    copied_at = now + SECOND
    life.driver.take(Event(1, copied_at, copied_at - SECOND, "feed", trade()))
    life.driver.catch_up(copied_at + SECOND)
    life.driver.show_print(trade(wallet="crowd", tx="tx2", size=40_000_000), copied_at + 2 * SECOND)
    life.driver.catch_up(copied_at + 3 * SECOND)
    life.clock.turn(4)
    return life


def test_a_tick_writes_each_view_when_it_is_due() -> None:
    life = Life().begun()
    for _ in range(50):
        life.trader.tick(life.clock.now())
        life.clock.turn(0.2)
    assert [len(life.board.lives), len(life.board.points), life.tape.flushed] == [5, 1, 1]
    life.clock.turn(60)
    life.trader.tick(life.clock.now())
    assert [len(life.board.lives), len(life.board.points), life.tape.flushed] == [6, 2, 2]


def test_points_of_the_curves_follow_the_time_of_the_market_not_ours() -> None:
    life = Life().begun()
    for minute in range(5):
        life.trader.tick(life.clock.now() + minute * MINUTE)
    assert [at - life.clock.now() for at, _ in life.board.points] == [n * MINUTE for n in range(5)]


def test_the_live_view_shows_where_money_is() -> None:
    life = bought(Life().begun())
    life.trader.show(life.clock.now())
    live = life.board.lives[-1]
    assert live["equity"] == live["cash"] + live["reserved"] + live["marked"]
    assert (live["mode"], live["source"], live["trading"], live["capital"]) == (
        "paper",
        "recording: test",
        True,
        dollars(10_000),
    )
    assert (live["positions_open"], live["orders_open"], live["counts"]["fills"]) == (1, 1, 1)
    assert live["decisions"] == {"copied": 1}
    assert live["written_at"] == life.clock.now()
    assert [known.market for known in life.board.markets] == [NAME]


def test_the_live_view_stays_small_with_every_reason_seen() -> None:
    life = bought(Life().begun())
    life.driver.engine.decisions.update(dict.fromkeys(Reason, 10**7))
    life.trader.progress = "p" * 1000
    life.trader.show(life.clock.now())
    assert len(msgspec.json.encode(life.board.lives[-1])) < 2048


def test_the_whale_table_tells_copies_and_profit_of_each() -> None:
    life = bought(Life().begun())
    life.trader.finish(life.clock.now())
    (row,) = life.board.whales[-1]
    assert (row["wallet"], row["rank"], row["copies"]) == ("whale", 1, 1)


def test_a_market_is_shown_once() -> None:
    life = bought(Life().begun())
    for _ in range(3):
        life.trader.show(life.clock.now())
    assert len(life.board.markets) == 1


def test_a_kill_set_by_others_stops_the_engine_at_the_next_look() -> None:
    life = bought(Life().begun())
    life.store.set_switch(Switch(False, "drill", life.clock.now()))
    life.trader.tick(life.clock.now())
    life.driver.catch_up(life.clock.now() + 10 * SECOND)
    assert (life.driver.engine.desk.risk.trading, life.driver.engine.desk.risk.stopped_because) == (False, "drill")
    (order,) = life.driver.engine.desk.books.orders.values()
    assert order.state is OrderState.CANCELED


def test_commands_are_taken_once() -> None:
    life = Life().begun()
    life.store.request(Command("d1", CommandKind.DEPOSIT, "more", dollars(5)))
    for _ in range(3):
        life.trader.tick(life.clock.now())
        life.clock.turn(2)
    assert life.driver.engine.desk.books.balance("cash") == dollars(10_005)
    assert life.store.commands() == []


def test_kill_and_resume_by_command_leave_the_switch_as_asked() -> None:
    life = Life().begun()
    life.store.request(Command("k1", CommandKind.KILL, "drill"))
    life.trader.tick(life.clock.now())
    assert life.store.switch().trading is False
    life.clock.turn(2)
    life.store.request(Command("r1", CommandKind.RESUME, "over"))
    life.trader.tick(life.clock.now())
    assert life.store.switch().trading is True
    assert life.driver.engine.desk.risk.trading is True


def test_the_starting_capital_is_booked_once_in_the_life_of_an_account() -> None:
    life = Life().begun()
    life.trader.deposit(dollars(10_000), life.clock.now())
    assert life.driver.engine.desk.books.balance("cash") == dollars(10_000)
    again = Life()
    again.driver.recover(life.store.journal("test"), again.clock.now())
    again.trader.deposit(dollars(10_000), again.clock.now())
    assert again.driver.engine.desk.books.balance("cash") == dollars(10_000)


def test_decisions_reach_the_store_within_a_second_and_at_the_end() -> None:
    life = bought(Life().begun())
    assert life.store.decisions == []
    life.trader.tick(life.clock.now())
    assert [decision.reason for decision in life.store.decisions] == [Reason.COPIED]


def test_the_end_is_raised_between_events_only() -> None:
    stop = [False]
    life = Life(stopping=lambda: stop[0]).begun()
    life.trader.tick(life.clock.now())
    stop[0] = True
    with pytest.raises(Stopped):
        life.trader.tick(life.clock.now())


def test_every_event_is_on_the_tape() -> None:
    life = Life().begun()
    event = Event(7, life.clock.now(), life.clock.now(), "feed", PublicTrade("m", "t", Side.BUY, 1, 1, "tx", 0))
    life.driver.take(event)
    assert life.tape.events[-1] == event


def test_copies_are_first_legs_and_top_ups() -> None:
    assert copied({Reason.COPIED: 2, Reason.TOPPED_UP: 3, Reason.STALE: 9}) == 5
    assert copied({}) == 0


def test_a_profit_shows_in_the_point_of_the_curve() -> None:
    life = bought(Life().begun())
    life.driver.engine.desk.marks.price("m:yes", 750_000)
    life.trader.finish(life.clock.now())
    _, point = life.board.points[-1]
    (position,) = life.driver.engine.desk.books.positions.values()
    assert point["unrealized"] == Usd(position.size * 3 // 4 - position.cost)
    assert point["equity"] == dollars(10_000) + point["unrealized"]


def test_the_risk_view_is_written_every_ten_seconds_and_at_the_end() -> None:
    life = bought(Life().begun())
    for _ in range(10):
        life.trader.tick(life.clock.now())
        life.clock.turn(2)
    assert len(life.board.risks) == 2
    life.trader.finish(life.clock.now())
    assert life.board.risks[-1]["at"] == life.clock.now()
    assert {"limits", "breakers", "standing", "settlement", "reconciliation", "alerts"} <= set(life.board.risks[-1])


def test_alerts_are_said_kept_and_taken_from_the_driver() -> None:
    life = Life().begun()
    said: list[str] = []
    life.trader.alerts.say = said.append
    life.driver.handle_now(FeedHealth("switch", healthy=False, reason="no answer"), life.clock.now())
    life.trader.tick(life.clock.now())
    assert said == ["SEV2 feed_down: switch: no answer"]
    assert life.driver.alerts == []
    life.driver.alerts.append(Alert(1, "late", "word"))
    life.trader.finish(life.clock.now())
    assert said[1:] == ["SEV1 late: word"]
    assert [row["name"] for row in life.board.risks[-1]["alerts"]] == ["late", "feed_down"]


def test_the_status_line_names_tripped_breakers() -> None:
    life = Life().begun()
    assert "BREAKERS" not in status_line(life.trader, life.clock.now())
    life.driver.handle_now(FeedHealth("switch", healthy=False, reason="no answer"), life.clock.now())
    assert status_line(life.trader, life.clock.now()).endswith("  BREAKERS: HALT feed switch")


def test_exits_by_rule_are_counted_on_where_an_earlier_run_stopped() -> None:
    life = Life().begun()
    life.trader.restore({"exits": {"stop_loss": 3}, "decisions": {"stale": 2}})
    life.trader.show(life.clock.now())
    assert life.board.lives[-1]["exits"] == {"stop_loss": 3}
    assert life.board.lives[-1]["decisions"] == {"stale": 2}


# ---------------------------------------------------------------------- selling everything


def asked_to_flatten(life: Life) -> Life:
    """What the command does: the switch itself, then the request."""
    life.store.set_switch(Switch(False, "drill", life.clock.now()))
    life.store.request(Command("f1", CommandKind.FLATTEN, "drill"))
    return life


def looked(life: Life, seconds: float = 1) -> None:
    life.clock.turn(seconds)
    life.driver.catch_up(life.clock.now())
    life.trader.tick(life.clock.now())


def sold_out(life: Life) -> None:
    """Others sell above what we ask, so that their buyers would have bought from us, until nothing is held."""
    for n in range(60):
        looked(life)
        sale = trade(wallet="crowd", side=Side.SELL, tx=f"sale{n}", price=500_000, size=100_000_000)
        life.driver.show_print(sale, life.clock.now())
        life.driver.catch_up(life.clock.now())
        if not life.driver.engine.desk.positions and not life.driver.engine.desk.execution.open_orders():
            break


def test_a_request_to_sell_everything_stays_until_nothing_is_left() -> None:
    life = asked_to_flatten(bought(Life().begun()))
    looked(life)
    engine = life.driver.engine
    assert engine.desk.risk.trading is False
    assert engine.holdings.left == {Reason.EMERGENCY_EXIT: 1}
    for _ in range(3):
        looked(life)
        assert [command.command_id for command in life.store.commands()] == ["f1"]
    sold_out(life)
    assert not engine.desk.positions
    looked(life)
    assert life.store.commands() == []
    assert engine.holdings.left == {Reason.EMERGENCY_EXIT: 1}


def test_where_nothing_is_held_the_request_is_taken_at_once() -> None:
    life = asked_to_flatten(Life().begun())
    looked(life)
    assert life.store.commands() == []
    assert life.store.switch().trading is False


def test_the_request_is_not_taken_before_the_switch_is_durable() -> None:
    life = Life().begun()
    life.store.request(Command("f1", CommandKind.FLATTEN, "drill"))
    life.trader.tick(life.clock.now())
    assert len(life.store.commands()) == 1  # the switch that was read before it was still off
    looked(life)
    assert life.store.commands() == []


def test_a_crash_in_between_does_not_lose_the_request() -> None:
    life = asked_to_flatten(bought(Life().begun()))
    looked(life)
    again = Life()
    again.clock.at = life.clock.now()
    again.store = life.store
    again.driver.store, again.driver.venue = life.store, life.driver.venue
    again.trader._store = life.store
    again.driver.recover(life.store.journal("test"), again.clock.now())
    again.driver.handle_now(MarketListed(market(NAME, end_at=again.clock.now() + 10**18)), again.clock.now())
    assert again.driver.engine.desk.positions
    looked(again)
    assert [command.command_id for command in again.store.commands()] == ["f1"]
    (position,) = again.driver.engine.desk.positions[NAME]
    assert again.driver.engine.holdings.leaves(position)


def test_a_resume_ends_the_request_and_no_later_delivery_revives_it() -> None:
    life = asked_to_flatten(bought(Life().begun()))
    looked(life, 2)
    looked(life, 40)
    life.store.request(Command("r1", CommandKind.RESUME, "over"))
    looked(life)
    assert life.store.switch().trading is True
    assert life.store.commands() == []
    life.store.request(Command("f1", CommandKind.FLATTEN, "drill"))  # its removal was lost: it is delivered again
    looked(life)
    assert life.driver.engine.desk.risk.trading is True
    assert life.store.commands() == []


def test_what_an_order_on_its_way_still_buys_is_sold_too() -> None:
    life = bought(Life().begun())
    command = Command("f1", CommandKind.FLATTEN, "drill")
    flattening, engine = Flattening(), life.driver.engine
    assert flattening.ask(command, engine, 1) == command
    assert flattening.ask(command, engine, 2) is None
    (held,) = engine.desk.positions[NAME].values()
    late = msgspec.structs.replace(held, token="m:no")
    engine.desk.positions[NAME][late.key] = late
    again = flattening.ask(command, engine, 3)
    assert again is not None
    assert again.command_id != command.command_id
    assert (again.kind, again.reason) == (command.kind, command.reason)
    assert flattening.ask(command, engine, 4) is None


@pytest.mark.parametrize(("size", "flat"), [(9_999, True), (10_000, False)])
def test_less_than_the_smallest_step_of_a_size_counts_as_sold(size: int, flat: bool) -> None:
    life = bought(Life().begun())
    life.store.set_switch(Switch(False, "drill", life.clock.now()))
    life.trader.tick(life.clock.now())
    life.driver.catch_up(life.clock.now() + 10 * SECOND)
    engine = life.driver.engine
    (held,) = engine.desk.positions[NAME].values()
    engine.desk.positions[NAME] = {held.key: msgspec.structs.replace(held, size=Shares(size))}
    assert Flattening().is_flat(engine) is flat


# ---------------------------------------------------------------------- what the health port is told


def test_a_tick_tells_how_things_stand_once_a_second_of_the_steady_clock() -> None:
    steady = HandClock(0)
    life = Life().begun()
    life.trader.health = Health(life.clock.now, steady.now)
    asked = 0

    def counted() -> Component:
        nonlocal asked
        asked += 1
        return Component(True, "counted")

    life.trader.health.components["counted"] = counted
    for _ in range(50):
        life.trader.tick(life.clock.now())
        steady.turn(0.1)
    assert asked == 5
    life.trader.health.recovered()
    steady.turn(15.1)
    assert not life.trader.health.condition().live
    life.clock.turn(-3600)  # a wall clock that is set back silences nobody
    life.trader.tick(NOON)
    found = life.trader.health.condition()
    assert (found.live, found.started) == (True, True)
    assert found.components["account"].says == "test: equity $10,000.00, 0 positions"


def test_the_same_health_goes_on_with_another_driver() -> None:
    life = Life().begun()
    assert life.trader.again(life.driver, InPlace()).health is life.trader.health


def test_a_tape_that_cannot_be_put_is_told_by_its_own_name_until_it_can() -> None:
    life = Life().begun()
    life.tape.failing = Temporary("no bucket")
    life.trader.finish(life.clock.now())
    assert life.trader.feeds == {"tape": "no bucket"}
    life.tape.failing = None
    life.trader.finish(life.clock.now())
    assert life.trader.feeds == {}
