import msgspec
import pytest

from fargate.trader import Stopped, copied
from shared.domain.decision import Reason
from shared.domain.instants import MINUTE, SECOND
from shared.domain.messages import Command, CommandKind, Event, MarketListed, PublicTrade
from shared.domain.money import Usd, dollars
from shared.domain.order import OrderState, Side
from shared.ports import Switch
from tests.fargate.fakes import Life
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
