"""What every store promises, in memory and on DynamoDB alike."""

import pytest
from msgspec.structs import replace

from shared.domain.command import Command, CommandKind
from shared.domain.errors import Corrupt
from shared.domain.ledger import CASH, PUSD, Entry, HeadroomChange, PostingKind, Record, RecordKind, posting
from shared.domain.messages import PlanCommitted, PlanRefused, RefusedBy
from shared.domain.money import dollars
from shared.domain.order import EMERGENCY, OrderCause
from shared.engine.ledger import Projection
from shared.ports import Switch
from tests.contracts.store.conftest import Kept
from tests.contracts.store.records import (
    LIMITS,
    NOON,
    Limits,
    buy,
    deposit,
    deposit_micro,
    fill_of,
    fill_record,
    move_record,
    order_key_of,
    planned,
    sell,
)

ROOMS = ("portfolio", "market#m1", "source#whale", "strategy#whale_copy")


def books(kept: Kept) -> Projection:
    found = Projection()
    for record in kept.store.journal(kept.account):
        found.apply(record)
    return found


def key(kept: Kept, intent: str) -> str:
    return order_key_of(kept.account, intent)


def test_a_plan_with_room_is_committed_once_and_read_back_as_existing(kept: Kept) -> None:
    kept.store.write(deposit(kept.account))
    plan = planned(buy(kept.account, "a"))
    assert kept.store.plan(plan) == PlanCommitted(key(kept, "a"))
    assert kept.store.plan(plan) == PlanCommitted(key(kept, "a"), existed=True)
    assert len(kept.store.journal(kept.account)) == 2


def test_a_plan_beyond_the_cash_is_refused_and_changes_nothing(kept: Kept) -> None:
    kept.store.write(deposit(kept.account, 30))
    answer = kept.store.plan(planned(buy(kept.account, "a")))
    assert answer == PlanRefused(key(kept, "a"), RefusedBy.HEADROOM, CASH)
    assert books(kept).balance(CASH) == dollars(30)


def test_a_plan_without_any_deposit_is_refused(kept: Kept) -> None:
    answer = kept.store.plan(planned(buy(kept.account, "a")))
    assert answer == PlanRefused(key(kept, "a"), RefusedBy.HEADROOM, CASH)


def test_cash_can_be_used_to_the_last_micro_dollar(kept: Kept) -> None:
    order = buy(kept.account, "a")
    kept.store.write(deposit_micro(kept.account, order.reserved, "exact"))
    assert kept.store.plan(planned(order)) == PlanCommitted(key(kept, "a"))
    assert isinstance(kept.store.plan(planned(buy(kept.account, "b", 5_000_000))), PlanRefused)


def test_one_micro_dollar_too_little_is_too_little(kept: Kept) -> None:
    order = buy(kept.account, "a")
    kept.store.write(deposit_micro(kept.account, order.reserved - 1, "exact"))
    assert kept.store.plan(planned(order)) == PlanRefused(key(kept, "a"), RefusedBy.HEADROOM, CASH)


def test_amounts_beyond_the_exact_range_of_a_double_stay_exact(kept: Kept) -> None:
    amount = 2**53 + 1
    kept.store.write(deposit_micro(kept.account, amount, "large"))
    assert books(kept).balance(CASH) == amount
    much = dollars(10**10)
    wide = Limits(much, much, much, much)
    order = buy(kept.account, "a", size=100_000_000)
    rest = amount - order.reserved
    drain = Record(RecordKind.PLANNED, kept.account, NOON, buy(kept.account, "b"), headroom=(_take(rest),))
    assert kept.store.plan(planned(order, wide)) == PlanCommitted(key(kept, "a"))
    assert kept.store.plan(_one_more(drain)) == PlanRefused(key(kept, "b"), RefusedBy.HEADROOM, CASH)
    assert kept.store.plan(drain) == PlanCommitted(key(kept, "b"))


def _take(amount: int) -> HeadroomChange:
    return HeadroomChange(CASH, -amount, 0)


def _one_more(record: Record) -> Record:
    taken = -record.headroom[0].delta
    return Record(record.kind, record.account, record.at, record.order, headroom=(_take(taken + 1),))


@pytest.mark.parametrize("room", ROOMS)
def test_each_exposure_limit_is_checked_by_the_plan_itself(kept: Kept, room: str) -> None:
    sizes = {name: dollars(100 if name == room else 1_000) for name in ROOMS}
    tight = Limits(sizes["portfolio"], sizes["market#m1"], sizes["source#whale"], sizes["strategy#whale_copy"])
    kept.store.write(deposit(kept.account))
    assert kept.store.plan(planned(buy(kept.account, "a"), tight)) == PlanCommitted(key(kept, "a"))
    assert kept.store.plan(planned(buy(kept.account, "b"), tight)) == PlanCommitted(key(kept, "b"))
    assert kept.store.plan(planned(buy(kept.account, "c"), tight)) == PlanRefused(
        key(kept, "c"), RefusedBy.HEADROOM, room
    )


def test_a_limit_smaller_than_the_first_order_refuses_it(kept: Kept) -> None:
    kept.store.write(deposit(kept.account))
    tight = Limits(portfolio_usd=dollars(10))
    answer = kept.store.plan(planned(buy(kept.account, "a"), tight))
    assert answer == PlanRefused(key(kept, "a"), RefusedBy.HEADROOM, "portfolio")


def test_room_given_back_can_be_used_again(kept: Kept) -> None:
    tight = Limits(portfolio_usd=dollars(50))
    kept.store.write(deposit(kept.account))
    order = buy(kept.account, "a")
    assert kept.store.plan(planned(order, tight)) == PlanCommitted(key(kept, "a"))
    assert isinstance(kept.store.plan(planned(buy(kept.account, "b"), tight)), PlanRefused)
    canceled = move_record(order, OrderCause.CANCELED, NOON + 1, tight)
    assert canceled is not None
    kept.store.write(canceled)
    assert kept.store.plan(planned(buy(kept.account, "b"), tight)) == PlanCommitted(key(kept, "b"))


def test_more_shares_than_the_sleeve_holds_cannot_be_sold(kept: Kept) -> None:
    kept.store.write(deposit(kept.account))
    order = buy(kept.account, "a")
    kept.store.plan(planned(order))
    kept.store.write(fill_record(order, None, fill_of(order, 60_000_000), NOON + 1, LIMITS))
    first = planned(sell(kept.account, "s", 60_000_001))
    assert kept.store.plan(first) == PlanRefused(key(kept, "s"), RefusedBy.HEADROOM, "shares#t1#whale_copy/whale")
    assert kept.store.plan(planned(sell(kept.account, "s", 60_000_000))) == PlanCommitted(key(kept, "s"))
    assert isinstance(kept.store.plan(planned(sell(kept.account, "u", 1))), PlanRefused)


def test_with_the_switch_on_no_plan_is_committed_but_facts_are(kept: Kept) -> None:
    kept.store.write(deposit(kept.account))
    kept.store.set_switch(Switch(False, "drill", NOON))
    answer = kept.store.plan(planned(buy(kept.account, "a")))
    assert answer == PlanRefused(key(kept, "a"), RefusedBy.SWITCH, "drill")
    kept.store.write(deposit(kept.account, key="second"))
    assert books(kept).balance(CASH) == dollars(20_000)
    kept.store.set_switch(Switch(True, "over", NOON + 1))
    assert kept.store.plan(planned(buy(kept.account, "a"))) == PlanCommitted(key(kept, "a"))


def test_a_clearance_that_was_asked_for_before_somebody_stopped_again_changes_nothing(kept: Kept) -> None:
    late = Switch(True, "over", NOON + 9, asked_at=NOON + 5)
    kept.store.set_switch(late)  # nothing was ever stopped
    assert kept.store.switch().trading
    kept.store.set_switch(Switch(False, "drill", NOON + 6))
    kept.store.set_switch(late)
    assert kept.store.switch() == Switch(False, "drill", NOON + 6)
    kept.store.set_switch(Switch(True, "over", NOON + 9, asked_at=NOON + 6))
    assert kept.store.switch() == Switch(True, "over", NOON + 9)
    kept.store.set_switch(late)  # again, while nothing is stopped
    assert kept.store.switch().trading
    kept.store.set_switch(Switch(False, "again", NOON + 10))
    kept.store.set_switch(Switch(True, "nobody knows when it was asked for", NOON + 11))
    assert kept.store.switch().trading


def test_of_two_stops_the_later_one_stays_in_whatever_order_they_come(kept: Kept) -> None:
    kept.store.set_switch(Switch(False, "a person", NOON + 9))
    kept.store.set_switch(Switch(False, "the trader, whose clock is behind", NOON + 4))
    assert kept.store.switch() == Switch(False, "a person", NOON + 9)
    kept.store.set_switch(Switch(False, "again", NOON + 10))
    assert kept.store.switch().reason == "again"
    kept.store.set_switch(Switch(True, "over", NOON + 12, asked_at=NOON + 11))
    kept.store.set_switch(Switch(False, "a stop counts however early its clock", NOON))
    assert not kept.store.switch().trading


def test_a_resume_is_forgotten_by_its_own_record(kept: Kept) -> None:
    kept.request(Command("resume-1", CommandKind.RESUME, "over", at=NOON), NOON)
    assert [command.at for command in kept.store.commands()] == [NOON]
    kept.store.write(Record(RecordKind.RESUMED, kept.account, NOON + 1, ref="resume-1"))
    assert kept.store.commands() == []


def test_with_the_switch_on_only_a_sale_that_a_person_told_us_to_make_is_planned(kept: Kept) -> None:
    kept.store.write(deposit(kept.account))
    order = buy(kept.account, "a")
    kept.store.plan(planned(order))
    kept.store.write(fill_record(order, None, fill_of(order, 60_000_000), NOON + 1, LIMITS))
    kept.store.set_switch(Switch(False, "drill", NOON))
    stop = replace(sell(kept.account, "stop", 1_000_000), rule="stop_loss")
    assert kept.store.plan(planned(stop)) == PlanRefused(key(kept, "stop"), RefusedBy.SWITCH, "drill")
    bought = replace(buy(kept.account, "b"), rule=EMERGENCY)
    assert kept.store.plan(planned(bought)) == PlanRefused(key(kept, "b"), RefusedBy.SWITCH, "drill")
    told = replace(sell(kept.account, "told", 60_000_000), rule=EMERGENCY)
    assert kept.store.plan(planned(told)) == PlanCommitted(key(kept, "told"))
    more = replace(sell(kept.account, "more", 1), rule=EMERGENCY)
    assert isinstance(kept.store.plan(planned(more)), PlanRefused)


def test_an_order_that_exists_is_told_even_with_the_switch_on(kept: Kept) -> None:
    kept.store.write(deposit(kept.account))
    kept.store.plan(planned(buy(kept.account, "a")))
    kept.store.set_switch(Switch(False, "drill", NOON))
    assert kept.store.plan(planned(buy(kept.account, "a"))) == PlanCommitted(key(kept, "a"), existed=True)


def test_a_new_account_trades_and_remembers_its_switch(kept: Kept) -> None:
    assert kept.store.switch() == Switch(True)
    kept.store.set_switch(Switch(False, "drill", NOON))
    assert kept.store.switch() == Switch(False, "drill", NOON)


def test_a_posting_with_other_content_under_a_known_id_is_corrupt(kept: Kept) -> None:
    kept.store.write(deposit(kept.account, 10))
    before = kept.store.journal(kept.account)
    with pytest.raises(Corrupt, match="exists"):
        kept.store.write(deposit(kept.account, 11))
    assert kept.store.journal(kept.account) == before


def test_a_plan_without_an_order_is_corrupt(kept: Kept) -> None:
    with pytest.raises(Corrupt, match="without an order"):
        kept.store.plan(deposit(kept.account))


def test_the_journal_tells_everything_in_the_order_it_was_committed(kept: Kept) -> None:
    made = [deposit(kept.account)]
    order = buy(kept.account, "a")
    made.append(planned(order))
    made.append(fill_record(order, None, fill_of(order, 40_000_000), NOON + 1, LIMITS))
    kept.store.write(made[0])
    kept.store.plan(made[1])
    kept.store.write(made[2])
    assert made[2].order is not None
    next_day = NOON + 86_400_000_000_000
    ended = move_record(made[2].order, OrderCause.CANCELED, next_day, LIMITS)
    assert ended is not None
    kept.store.write(ended)
    assert kept.store.journal(kept.account) == [*made, ended]
    assert books(kept).imbalance() == 0


def test_a_refused_plan_leaves_no_gap_and_no_trace_in_the_journal(kept: Kept) -> None:
    kept.store.write(deposit(kept.account, 50))
    kept.store.plan(planned(buy(kept.account, "a", 200_000_000)))
    kept.store.plan(planned(buy(kept.account, "b")))
    assert [record.kind for record in kept.store.journal(kept.account)] == [RecordKind.DEPOSITED, RecordKind.PLANNED]


def test_a_fill_delivered_under_a_known_trade_with_another_price_is_corrupt(kept: Kept) -> None:
    kept.store.write(deposit(kept.account))
    order = buy(kept.account, "a")
    kept.store.plan(planned(order))
    kept.store.write(fill_record(order, None, fill_of(order, 40_000_000), NOON + 1, LIMITS))
    other = fill_record(order, None, fill_of(order, 40_000_000, price=390_000), NOON + 1, LIMITS)
    with pytest.raises(Corrupt):
        kept.store.write(other)


def test_commands_are_delivered_oldest_first_until_they_are_taken(kept: Kept) -> None:
    second = Command("zz", CommandKind.KILL, "now", at=NOON)
    third = Command("aa", CommandKind.DEPOSIT, "more", 5_000_000, at=NOON + 1)
    kept.request(second, NOON)
    kept.request(third, NOON + 1)
    assert kept.store.commands() == [second, third]
    kept.store.taken("zz")
    kept.store.taken("zz")
    assert kept.store.commands() == [third]


def test_an_unknown_account_has_an_empty_journal(kept: Kept) -> None:
    assert kept.store.journal(f"{kept.account}-nobody") == []


def test_a_posting_that_moves_no_limit_is_kept_as_well(kept: Kept) -> None:
    lines = (Entry("fees", PUSD, 5), Entry("venue", PUSD, -5))
    made = posting(PostingKind.FILL, f"{kept.account}/fee", NOON, lines)
    kept.store.write(Record(RecordKind.FILLED, kept.account, NOON, posting=made))
    assert books(kept).balance("fees") == 5
