"""The switch, resume and flatten through the whole engine: what they stop, and what they leave to a person."""

import pytest

from shared.domain.command import Command, CommandKind
from shared.domain.decision import Reason
from shared.domain.instants import SECOND
from shared.domain.ledger import RecordKind
from shared.domain.messages import (
    ControlChanged,
    OrderInDoubt,
    PlanRefused,
    RefusedBy,
)
from shared.domain.money import Fraction, dollars
from shared.domain.order import OrderState
from tests.shared.engine.builders import RATIO, House, trade
from tests.shared.engine.reasons import limits, listed, ratio

S = OrderState


def test_a_reason_of_our_own_stops_once_and_the_persons_reason_is_shown_after_it() -> None:
    house = House().ready()
    house.commits = False
    house.whale()
    order = house.plans[0].record.order
    assert order is not None
    house.give(PlanRefused(order.order_key, RefusedBy.EPOCH))
    assert house.engine.desk.risk.stopped_because == "the plan transaction was refused by the epoch"
    house.give(ControlChanged(trading=False, reason="night shift says so"))
    assert house.engine.desk.risk.stopped_because == "night shift says so"
    assert len(house.told("trading_stopped")) == 1


@pytest.mark.parametrize("kind", [CommandKind.KILL, CommandKind.FLATTEN, CommandKind.RESUME])
def test_a_command_is_obeyed_once_however_often_it_is_delivered(kind: CommandKind) -> None:
    house = House().ready()
    house.bought()
    house.command(kind, "once")
    told = len(house.alerts)
    assert house.give(Command("once", kind, "test")) == []
    assert len(house.alerts) == told


def test_the_store_is_told_whose_command_the_switch_answers() -> None:
    house = House().ready()
    house.give(Command("k", CommandKind.KILL, "looks wrong"))
    assert (house.store.switch().trading, house.store.switch().reason) == (False, "looks wrong")
    house.give(Command("r", CommandKind.RESUME, "looked at it"))
    assert (house.store.switch().trading, house.store.switch().reason) == (True, "looked at it")
    assert house.told("trading_resumed") == ["looked at it"]


def test_resuming_waits_until_no_order_is_in_doubt() -> None:
    house = House().ready()
    sent = house.copied()
    house.give(OrderInDoubt(sent.order_key, "time-out"))
    house.kill()
    house.resume()
    assert house.told("resume_refused") == [f"not resumed: 1 order(s) in doubt, first {sent.order_key}"]
    assert not house.engine.desk.risk.trading
    house.report(sent, S.CANCELED)
    house.resume()
    assert house.engine.desk.risk.trading


def test_a_person_who_resumes_ends_what_waits_for_a_person_and_the_journal_says_so() -> None:
    house = House(limits(drawdown_halt=Fraction(4_000), drawdown_reduce=Fraction(4_000)), RATIO).ready()
    house.lose()
    house.pass_time(SECOND)
    assert house.whale() is Reason.HALTED_DRAWDOWN
    assert house.restarted().whale(trade(tx="tx2")) is Reason.HALTED_DRAWDOWN
    house.resume()
    assert house.store.records[-1].kind is RecordKind.RESUMED
    assert house.restarted().whale(trade(tx="tx3")) is Reason.COPIED


def test_a_halt_is_written_down_once_and_outlives_prices_that_come_back() -> None:
    house = listed(ratio(daily_loss_usd=dollars(20)), "l")
    house.bought(trade(token="l:yes", tx="txl"))
    house.show(200_000, token="l:yes")
    house.pass_time(SECOND)
    house.pass_time(SECOND)
    halts = [record for record in house.store.records if record.kind is RecordKind.HALTED]
    assert [record.ref for record in halts] == [Reason.HALTED_DAILY_LOSS.value]
    house.show(510_000, token="l:yes")
    life = house.restarted()
    assert life.whale() is Reason.HALTED_DAILY_LOSS


def test_flatten_with_nothing_held_only_stops() -> None:
    house = House().ready()
    house.command(CommandKind.FLATTEN)
    assert not house.store.switch().trading
    assert house.sent == []


def test_after_a_resume_the_flattened_may_be_bought_again() -> None:
    house = ratio()
    house.bought()
    house.show(500_000)
    house.command(CommandKind.FLATTEN)
    flat = house.sent[-1]
    house.accept(flat)
    house.fill(flat)
    house.resume()
    assert house.whale(trade(tx="tx2"), after=61 * SECOND) is Reason.COPIED
