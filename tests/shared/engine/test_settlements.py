"""Settlement through the whole engine: provisional executions, failures, and what resolutions wait for."""

import pytest

from shared.adapters.memory.store import MemoryStore
from shared.domain.decision import Reason
from shared.domain.instants import MINUTE, SECOND
from shared.domain.ledger import PROVISIONAL, RecordKind, SettlementStatus
from shared.domain.messages import (
    FillStatus,
    MarketResolved,
    Redeemed,
)
from shared.domain.money import ONE, dollars
from shared.domain.order import OrderState, Side
from tests.shared.engine.builders import RATIO, House, trade
from tests.shared.engine.reasons import listed
from tests.shared.engine.settling_houses import (
    KEY,
    LIMITS,
    NO,
    SALE,
    STATUS,
    YES,
    both_sides,
    free,
    house_of_two,
    provisional,
    reverted,
    sold,
)

# ---------------------------------------------------------------------- on the chain, or not


def test_a_provisional_purchase_cannot_be_sold_until_it_is_mined() -> None:
    house, _, fill = provisional()
    assert house.size() == fill.size
    assert free(house) == 0
    assert house.whale(SALE) is Reason.EXIT_COVERED
    house.status(fill, STATUS.MINED)
    assert free(house) == fill.size
    assert house.whale(trade(side=Side.SELL, tx="sale2"), after=SECOND) is Reason.COPIED


@pytest.mark.parametrize("status", [STATUS.MINED, STATUS.CONFIRMED])
def test_the_proceeds_of_a_provisional_sale_are_ours_to_spend_once_it_is_mined(status: SettlementStatus) -> None:
    house, _, fill = sold()
    cash = house.cash
    waiting = house.engine.desk.books.balance(PROVISIONAL)
    assert waiting > 0
    assert house.equity == cash + waiting
    house.status(fill, status)
    assert house.cash == cash + waiting
    assert house.engine.desk.books.balance(PROVISIONAL) == 0


def test_a_failed_purchase_is_taken_back_to_the_micro_dollar_and_told() -> None:
    house, sent, fill = provisional()
    house.status(fill, STATUS.FAILED)
    assert house.size() == 0
    assert house.cash == dollars(10_000)
    assert house.engine.desk.books.imbalance() == 0
    assert house.engine.desk.books.failed == 1
    assert house.engine.desk.risk._source_losses.get("whale", 0) == 0
    assert house.told("settlement_failed") == [
        f"trade {fill.trade_id} of BUY order {sent.order_key} failed to settle: taken back"
    ]
    assert house.engine.desk.positions == {}


def test_a_failed_sale_gives_the_shares_and_their_cost_back() -> None:
    house, _, fill = sold()
    house.status(fill, STATUS.FAILED)
    position = house.engine.desk.books.positions[KEY]
    assert position.size == fill.size == free(house)
    assert position.realized == 0
    assert house.cash == dollars(10_000) - position.cost
    assert house.whale(trade(side=Side.SELL, tx="sale9")) is Reason.TOPPED_UP
    assert house.sent[-1].size == fill.size


@pytest.mark.parametrize("status", list(STATUS))
def test_a_statement_told_twice_changes_nothing_the_second_time(status: SettlementStatus) -> None:
    house, _, fill = provisional()
    house.status(fill, status)
    cash, records = house.cash, len(house.store.records)
    house.status(fill, status)
    assert (house.cash, len(house.store.records)) == (cash, records)


def test_mined_and_then_confirmed_is_remembered_in_the_journal() -> None:
    house, sent, fill = provisional()
    for status in (STATUS.MINED, STATUS.CONFIRMED):
        house.status(fill, status)
        life = house.restarted()
        assert life.engine.desk.books.booked[fill.trade_id, sent.order_key].status is status


def test_the_status_of_an_execution_we_have_not_heard_of_asks_about_its_order() -> None:
    house = house_of_two()
    sent = house.copied()
    house.accept(sent)
    house.give(FillStatus("unheard", sent.order_key, STATUS.MINED))
    assert house.queries == [sent.order_key]
    house.give(FillStatus("unheard", sent.order_key, STATUS.FAILED))
    assert house.queries == [sent.order_key]  # it never happened: nothing to ask about


def test_the_status_of_somebody_elses_execution_is_told_and_nothing_else() -> None:
    house = house_of_two()
    house.give(FillStatus("t", "nobody.1", STATUS.MINED))
    assert house.told("unknown_execution") == ["trade t settles an order that is not ours"]
    assert house.engine.desk.risk.trading


@pytest.mark.parametrize(("first", "second"), [(STATUS.CONFIRMED, STATUS.FAILED), (STATUS.FAILED, STATUS.CONFIRMED)])
def test_two_ends_of_one_execution_stop_trading_until_the_books_can_be_believed(
    first: SettlementStatus, second: SettlementStatus
) -> None:
    house, sent, fill = provisional()
    house.status(fill, first)
    house.status(fill, second)
    text = f"trade {fill.trade_id} of order {sent.order_key} was {first.value}, now {second.value}"
    assert house.told("settlement_contradicted") == [text]
    assert house.told("trading_stopped") == [text]
    assert [alert.severity for alert in house.alerts if alert.name == "settlement_contradicted"] == [1]
    house.resume()
    assert house.told("resume_refused") == [f"not resumed: {text}"]
    assert house.whale(trade(tx="tx9")) is Reason.TRADING_DISABLED


def test_a_failure_after_the_shares_moved_on_stops_trading_until_what_sold_them_has_failed_too() -> None:
    house, sent, bought = provisional()
    house.status(bought, STATUS.MINED)
    sale = house.copied(SALE)
    house.accept(sale)
    gone = house.fill(sale, settles=True)
    house.status(bought, STATUS.FAILED)
    text = f"trade {bought.trade_id} of order {sent.order_key} failed after its shares had moved on"
    assert house.told("irreversible") == [text]
    assert house.told("trading_stopped") == [text]
    house.resume()
    assert house.told("resume_refused") == [f"not resumed: {text}"]
    house.status(gone, STATUS.FAILED)
    house.status(bought, STATUS.FAILED)
    assert house.cash == dollars(10_000)
    assert house.size() == 0
    house.resume()
    assert house.whale(trade(tx="tx9"), after=2 * MINUTE) is Reason.COPIED


def test_a_failure_that_cannot_be_taken_back_is_not_counted_as_one() -> None:
    house, _, bought = provisional()
    house.status(bought, STATUS.MINED)
    sale = house.copied(SALE)
    house.accept(sale)
    house.fill(sale)
    house.status(bought, STATUS.FAILED)
    assert house.engine.desk.books.failed == 0


# ---------------------------------------------------------------------- resolution


def test_a_resolution_waits_until_no_execution_can_fail_any_more() -> None:
    house, _, fill = provisional()
    house.resolve()
    assert house.size() > 0
    house.status(fill, STATUS.MINED)
    assert house.size() > 0
    house.status(fill, STATUS.CONFIRMED)
    assert house.size() == 0
    assert house.settles == ["m"]
    assert house.cash > dollars(10_000)


def test_a_purchase_that_failed_is_not_paid_when_its_market_resolves() -> None:
    house, _, fill = provisional()
    house.resolve()
    house.status(fill, STATUS.FAILED)
    assert house.cash == dollars(10_000)
    assert house.settles == []


def test_what_was_paid_out_waits_in_belief_until_the_venue_has_redeemed_it() -> None:
    house = house_of_two()
    house.bought()
    held = house.size()
    house.resolve()
    (waiting,) = house.engine.belief().redemptions
    assert (waiting.token, waiting.size, waiting.paid) == (YES, held, held)
    life = house.restarted()
    assert life.engine.belief().redemptions == (waiting,)
    assert life.settles == ["m"]
    life.give(Redeemed("m"))
    assert life.engine.belief().redemptions == ()
    assert life.restarted().settles == []
    records = len(life.store.records)
    life.give(Redeemed("m"))
    assert len(life.store.records) == records


def test_an_end_between_the_settlements_of_two_sleeves_pays_for_the_token_as_a_whole() -> None:
    house = house_of_two()
    for n, name in enumerate(("whale", "other")):
        sent = house.copied(trade(name, tx=f"tx{n}"), after=SECOND)
        house.accept(sent)
        house.fill(sent, size=10 * ONE + 1)
        house.report(sent, OrderState.CANCELED)
    house.resolve(yes=500_000)
    assert house.size() == house.size(source="other") == 0
    store = MemoryStore()
    for record in house.store.journal("test")[:-1]:
        if record.kind is RecordKind.PLANNED:
            store.plan(record)
        else:
            store.write(record)
    before = House(LIMITS, RATIO, store=store)
    life = listed(before, "n").restarted()
    life.resolve(yes=500_000)
    assert life.cash == house.cash
    paid = [one.paid for one in life.engine.belief().redemptions]
    assert sum(paid) == 10 * ONE + 1  # half a micro-dollar of each sleeve is one of the token


def test_a_market_without_a_position_has_nothing_to_redeem() -> None:
    house = house_of_two()
    house.resolve()
    house.give(Redeemed("m"))
    assert house.settles == []
    assert house.engine.belief().redemptions == ()


def test_a_resolution_without_one_of_our_tokens_settles_the_other_and_says_so() -> None:
    house, _ = both_sides()
    reverted(house)
    house.give(MarketResolved("m", {NO: 0}))
    assert house.told("payout_unknown") == ["market m resolved without a payout for token m:yes"]
    assert house.size() == 40 * ONE
    assert house.size(NO, "other") == 0
