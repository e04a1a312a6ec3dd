"""Both sides of a market, rebates, and whether belief equals the wallet, through the whole engine."""

from msgspec.structs import replace

from shared.adapters.memory.store import MemoryStore
from shared.domain.effects import Merge, WakeMeAt, Write
from shared.domain.instants import MILLISECOND, MINUTE, SECOND
from shared.domain.ledger import CASH, PUSD, REBATES, Fill, RecordKind
from shared.domain.messages import (
    FillStatus,
    Merged,
    OrderFilled,
    RebatePaid,
    Redeemed,
    TimerKind,
)
from shared.domain.money import ONE, Fraction, Shares, Usd, dollars
from shared.domain.order import Side
from shared.domain.reports import Reports, TradeReport
from shared.engine.reconciliation import Difference, reconcile
from shared.engine.settlements import AGAIN_NS
from tests.shared.engine.builders import RATIO, House, trade
from tests.shared.engine.reasons import listed
from tests.shared.engine.settling_houses import (
    LIMITS,
    NO,
    STATUS,
    YES,
    S,
    Wallet,
    both_sides,
    free,
    house_of_two,
    merged,
    proven_equal,
    reverted,
)

# ---------------------------------------------------------------------- both sides


def test_both_sides_of_a_market_are_merged_at_the_venue_and_booked_once() -> None:
    house, _ = both_sides()
    (asked,) = house.merges
    assert (asked.market, asked.size) == ("m", 40 * ONE)
    assert house.told("both_sides") == ["market m: both sides are held, 40 shares of each are merged"]
    cash, no = house.cash, house.size(NO, "other")
    merged(house)
    assert house.cash == cash + dollars(40)
    assert (house.size(), house.size(NO, "other")) == (0, no - 40 * ONE)
    merged(house)
    assert house.cash == cash + dollars(40)
    assert len(house.merges) == 1
    assert house.told("merge_unbookable") == []
    assert house.engine.desk.books.imbalance() == 0


def test_a_merge_is_asked_for_once_and_once_more_after_a_restart_under_the_same_name() -> None:
    house, _ = both_sides()
    house.fill(house.sent[0], size=ONE)
    assert len(house.merges) == 1
    life = house.restarted()
    assert len(life.merges) == 1
    again = life.restarted()
    assert again.merges == life.merges


def test_a_merge_heard_of_again_after_a_restart_is_booked_once() -> None:
    house, _ = both_sides()
    merged(house)
    life = house.restarted()
    cash = life.cash
    asked = house.merges[0]
    life.give(Merged(asked.market, Shares(asked.size), asked.ref))
    assert life.cash == cash
    assert life.engine.desk.risk.trading


def test_what_fills_while_a_merge_is_under_way_is_merged_after_it() -> None:
    house, _ = both_sides()
    house.fill(house.sent[0], size=7 * ONE)
    merged(house)
    assert [asked.size for asked in house.merges] == [40 * ONE, 7 * ONE]
    assert house.merges[0].ref != house.merges[1].ref
    merged(house)
    assert house.size() == 0


def test_an_exit_waits_for_a_merge() -> None:
    house = listed(House(replace(LIMITS, stop_loss=Fraction(150_000)), RATIO).ready("whale", "other"), "n")
    late = house.copied()
    house.accept(late)
    house.report(late, S.CANCELED)
    house.bought(trade("other", NO, size=600 * ONE, tx="tx2"), after=MINUTE)
    house.fill(late, size=40 * ONE)
    house.show(430_000, token=NO)
    assert house.engine.holdings.leaves("m:no#whale_copy/other")
    sent = len(house.sent)
    house.pass_time(10 * SECOND)
    assert len(house.sent) == sent
    merged(house)
    house.show(430_000, token=NO, after=10 * SECOND)
    assert house.sent[-1].rule == "stop_loss"
    assert house.sent[-1].size == house.size(NO, "other")


def test_both_sides_are_merged_once_they_have_settled() -> None:
    house, fill = both_sides(settles=True)
    assert house.merges == []
    house.status(fill, STATUS.MINED)
    assert [asked.size for asked in house.merges] == [40 * ONE]


def test_both_sides_are_merged_once_the_sale_that_claims_one_of_them_has_ended() -> None:
    house = house_of_two()
    late = house.copied()
    house.accept(late)
    house.report(late, S.CANCELED)
    house.bought(trade("other", NO, size=600 * ONE, tx="tx2"), after=MINUTE)
    sale = house.copied(trade("other", NO, Side.SELL, size=600 * ONE, tx="tx3"), after=2 * MINUTE)
    house.accept(sale)
    house.fill(late, size=40 * ONE)
    assert house.merges == []
    house.report(sale, S.CANCELED)
    assert [asked.size for asked in house.merges] == [40 * ONE]


def test_a_merge_that_our_books_cannot_follow_stops_trading() -> None:
    house = house_of_two()
    house.bought()
    house.give(Merged("m", Shares(ONE), "who asked for it?"))
    (text,) = house.told("merge_unbookable")
    assert text.startswith("market m: 1000000 shares of each side were merged, we hold [")
    assert house.told("trading_stopped") == [text]
    house.resume()
    assert house.told("resume_refused") == [f"not resumed: {text}"]
    more, _ = both_sides()
    more.give(Merged("m", Shares(10_000 * ONE), "too much"))
    assert len(more.told("merge_unbookable")) == 1


def test_a_resolved_market_is_settled_not_merged() -> None:
    house = house_of_two()
    late = house.copied()
    house.accept(late)
    house.report(late, S.CANCELED)
    house.bought(trade("other", NO, size=600 * ONE, tx="tx2"), after=MINUTE)
    house.resolve()
    house.fill(late, size=40 * ONE)
    assert house.merges == []
    assert house.engine.desk.positions == {}


def test_a_market_that_resolves_while_the_venue_merges_is_settled_once_that_is_answered() -> None:
    house, _ = both_sides()
    no = house.size(NO, "other")
    house.resolve()
    assert house.size(NO, "other") == no
    assert house.settles == []
    merged(house)
    assert house.engine.desk.positions == {}
    assert house.settles == ["m"]
    other, _ = both_sides()
    other.resolve()
    reverted(other)
    assert other.engine.desk.positions == {}
    assert other.settles == ["m"]


def test_a_merge_that_reverted_frees_what_it_held_and_is_not_asked_for_again_until_something_changes() -> None:
    house, _ = both_sides()
    cash, held = house.cash, house.size()
    assert free(house) == 0
    reverted(house)
    assert (house.cash, house.size(), free(house)) == (cash, held, held)
    assert house.told("merge_reverted") == ["market m: the wallet did not hold what was to be merged; nothing was"]
    assert len(house.merges) == 1
    reverted(house)
    assert len(house.told("merge_reverted")) == 1
    house.fill(house.sent[0], size=ONE)
    assert [asked.size for asked in house.merges] == [40 * ONE, 41 * ONE]


def test_a_merge_is_written_down_before_it_is_asked_for() -> None:
    house = house_of_two()
    late = house.copied()
    house.accept(late)
    house.report(late, S.CANCELED)
    house.bought(trade("other", NO, size=600 * ONE, tx="tx2"), after=MINUTE)
    effects = house.give(OrderFilled(Fill("t", late.order_key, late.limit, Shares(40 * ONE), Usd(0), house.now)))
    asked = next(n for n, effect in enumerate(effects) if isinstance(effect, Merge))
    written = effects[asked - 1]
    assert isinstance(written, Write)
    assert written.record.kind is RecordKind.MERGING


def test_a_life_that_ends_before_it_hears_of_a_merge_leaves_it_to_the_next_under_the_same_name() -> None:
    house, fill = both_sides(settles=True)
    house.status(fill, STATUS.MINED)
    (asked,) = house.merges
    life = house.restarted()
    life.status(fill, STATUS.CONFIRMED)
    assert life.merges == [asked]
    cash = life.cash
    merged(life)
    assert life.cash == cash + dollars(40)
    assert life.size() == 0
    assert life.restarted().merges == []


def test_an_end_between_two_records_of_a_merge_loses_nothing() -> None:
    house, _ = both_sides()
    cash = house.cash
    merged(house)
    store = MemoryStore()
    for record in house.store.journal("test")[:-1]:  # of two positions one had given its part
        if record.kind is RecordKind.PLANNED:
            store.plan(record)
        else:
            store.write(record)
    before = House(LIMITS, RATIO, store=store)
    listed(before, "n")
    life = before.restarted()
    (asked,) = life.merges
    assert asked == house.merges[0]
    merged(life)
    assert (life.cash, life.size(), life.size(NO, "other")) == (
        cash + dollars(40),
        house.size(),
        house.size(NO, "other"),
    )


def asked_again(house: House) -> list[WakeMeAt]:
    return [timer for timer in house.wakes if timer.timer is TimerKind.UNANSWERED]


def test_a_merge_is_asked_for_again_until_it_is_answered() -> None:
    house, _ = both_sides()
    (first,) = asked_again(house)
    assert first.at == house.now + AGAIN_NS
    house.wake(first)
    assert [asked.ref for asked in house.merges] == [first.key] * 2
    merged(house)
    house.wake(asked_again(house)[-1])
    assert len(house.merges) == 2


def test_a_redemption_is_asked_for_again_until_it_is_answered() -> None:
    house = house_of_two()
    house.bought()
    house.resolve()
    assert house.settles == ["m"]
    house.wake(asked_again(house)[-1])
    assert house.settles == ["m", "m"]
    house.give(Redeemed("m"))
    house.wake(asked_again(house)[-1])
    assert house.settles == ["m", "m"]


def test_a_merge_that_somebody_else_asked_for_is_booked() -> None:
    house, _ = both_sides(settles=True)
    cash, held = house.cash, house.size()
    house.give(Merged("m", Shares(10 * ONE), "by hand"))
    house.give(Merged("m", Shares(10 * ONE), "by hand"))
    assert (house.cash, house.size()) == (cash + dollars(10), held - 10 * ONE)
    assert house.engine.desk.books.imbalance() == 0


def test_the_wallet_may_or_may_not_show_a_merge_that_is_not_answered() -> None:
    house, _ = both_sides()
    wallet = Wallet(house, house.cash)
    wallet.shares = {YES: house.size(), NO: house.size(NO, "other")}
    proven_equal(wallet)
    for token in (YES, NO):
        wallet.shares[token] -= 40 * ONE
    wallet.cash += dollars(40)
    result = wallet.round()
    assert result.equal
    assert [finding.kind for finding in result.findings] == [Difference.SETTLING] * 3
    wallet.cash -= 1
    assert not wallet.round().equal


# ---------------------------------------------------------------------- money that comes by itself


def test_a_rebate_is_booked_once_whoever_tells_it_and_is_profit() -> None:
    house = house_of_two()
    house.give(RebatePaid("2026-06-01", 1_234_567))
    house.give(RebatePaid("2026-06-01", 1_234_567))
    assert house.cash == dollars(10_000) + 1_234_567
    assert house.engine.desk.books.balance(REBATES) == -1_234_567
    life = house.restarted()
    life.give(RebatePaid("2026-06-01", 1_234_567))
    assert life.cash == house.cash
    life.give(RebatePaid("2026-06-02", -1))
    assert life.cash == house.cash - 1


# ---------------------------------------------------------------------- what reconciliation sees


def test_belief_equals_a_wallet_that_lived_through_everything() -> None:
    house, late = both_sides()
    wallet = Wallet(house, dollars(10_000))
    for booked in list(house.engine.desk.books.booked.values()):
        wallet.moves(booked.fill)
    proven_equal(wallet)
    merged(house)
    wallet.cash += 40 * ONE
    for token in (YES, NO):
        wallet.shares[token] -= 40 * ONE
    proven_equal(wallet)
    house.give(RebatePaid("r", 5))
    wallet.cash += 5
    proven_equal(wallet)
    house.fill(house.sent[0], size=3 * ONE, settles=True, trade_id="doomed")
    house.give(FillStatus("doomed", house.sent[0].order_key, STATUS.FAILED), 30 * MINUTE)
    proven_equal(wallet)
    sale = house.copied(trade("other", NO, Side.SELL, size=600 * ONE, tx="tx3"), after=2 * MINUTE)
    house.accept(sale)
    wallet.moves(house.fill(sale, size=10 * ONE))
    house.report(sale, S.CANCELED)
    proven_equal(wallet)
    assert late.size == 40 * ONE


def test_what_is_not_redeemed_yet_is_settling_and_equal_once_it_is() -> None:
    house = house_of_two()
    house.bought()
    wallet = Wallet(house, dollars(10_000))
    wallet.moves(next(iter(house.engine.desk.books.booked.values())).fill)
    house.resolve()
    settling = wallet.round()
    assert settling.equal
    assert not settling.halt
    assert settling.findings != ()
    house.give(Redeemed("m"))
    wallet.cash += wallet.shares.pop(YES)
    proven_equal(wallet)


def test_one_micro_dollar_that_nobody_explains_halts() -> None:
    house = house_of_two()
    house.bought()
    wallet = Wallet(house, dollars(10_000) + 1)
    wallet.moves(next(iter(house.engine.desk.books.booked.values())).fill)
    assert wallet.round().halt


def test_belief_says_whether_we_trade() -> None:
    house = house_of_two()
    assert house.engine.belief().trading
    house.kill()
    belief = house.engine.belief()
    assert not belief.trading
    assert belief.cash == house.engine.desk.books.balance(CASH, PUSD) == dollars(10_000)


def test_a_missed_fill_that_reconciliation_tells_is_booked_with_its_settlement() -> None:
    house = house_of_two()
    sent = house.copied()
    house.accept(sent)
    made = Fill("missed", sent.order_key, sent.limit, sent.size, house.engine.desk.books.fees, house.now, settles=True)
    trades = (TradeReport(made, YES, Side.BUY, STATUS.MINED),)
    found = reconcile(house.engine.belief(), Reports(house.now + MINUTE, (), trades, None, None))
    assert [type(payload) for payload in found.payloads] == [OrderFilled, FillStatus]
    for payload in found.payloads:
        house.give(payload, MILLISECOND)
    assert house.size() == sent.size == free(house)
    assert house.engine.desk.books.booked["missed", sent.order_key].status is STATUS.MINED
