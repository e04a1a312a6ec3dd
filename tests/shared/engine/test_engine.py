"""The door of the engine: what each event does, and what it must not do."""

import pytest
from msgspec.structs import replace

from shared.domain.command import CommandKind
from shared.domain.decision import Reason
from shared.domain.errors import Corrupt
from shared.domain.instants import DAY, MINUTE, SECOND
from shared.domain.messages import (
    BookChange,
    ControlChanged,
    Event,
    FeedHealth,
    MarketChanged,
    MarketListed,
    OrderInDoubt,
    Payload,
    PlanRefused,
    PriceKind,
    PricePoint,
    PublicTrade,
    RefusedBy,
    VoicesPublished,
    WalletActivity,
)
from shared.domain.money import ONE, dollars
from shared.domain.order import Side
from shared.domain.tables import Pair, Voices
from shared.engine.engine import NOTHING
from tests.shared.engine.builders import NOON, RATIO, House, book, market, ranking, trade


def test_time_never_runs_backwards() -> None:
    house = House().ready()
    with pytest.raises(Corrupt, match=r"event 7 is observed at \d+, before \d+"):
        house.engine.handle(Event(7, house.now - 1, house.now - 1, "feed", trade()))


def test_a_strangers_trade_moves_the_mark_of_what_we_hold_and_nothing_else() -> None:
    house = House().ready()
    house.bought()
    before = house.equity
    assert house.give(trade("stranger", price=600_000)) == []
    assert house.give(trade("stranger", token="m:no", price=100_000)) is NOTHING
    assert house.equity - before == house.size() * 90_000 // ONE
    assert house.engine.counts.fills_from_followed == 1


@pytest.mark.parametrize("side", list(Side))
def test_a_public_print_moves_the_mark_of_what_we_hold_and_nothing_else(side: Side) -> None:
    house = House().ready()
    house.bought()
    house.give(PublicTrade("m", "m:yes", side, 400_000, ONE, "tx9", 0))
    house.give(PublicTrade("m", "m:no", side, 100_000, ONE, "tx9", 0))
    assert house.engine.desk.marks.total == house.size() * 400_000 // ONE


@pytest.mark.parametrize(
    "payload",
    [
        BookChange("m", "m:yes", Side.BUY, 1, 1),
        PricePoint("BTC", PriceKind.SPOT, 1),
        WalletActivity("whale", "m", "MERGE", 1),
        ControlChanged(trading=True, reason="nobody asked"),
    ],
)
def test_facts_without_a_use_yet_have_no_effect(payload: Payload) -> None:
    house = House().ready()
    assert house.give(payload) == []
    assert house.engine.counts.ignored == (1 if isinstance(payload, WalletActivity) else 0)


def test_a_feed_that_goes_down_and_comes_back_is_told_both_times() -> None:
    house = House().ready()
    house.give(FeedHealth("whales", healthy=False, reason="silent for 10 s"))
    house.give(FeedHealth("poll", healthy=True, reason="fine"))
    assert house.whale() is Reason.HALTED_FEED
    house.give(FeedHealth("whales", healthy=True, reason="back"))
    told = [(a.severity, a.name) for a in house.alerts]
    assert told == [(2, "feed_down"), (3, "feed_up"), (2, "breaker"), (3, "feed_up")]


def test_a_feed_the_strategy_does_not_need_stops_nothing_and_an_unreadable_switch_stops_everybody() -> None:
    for feed, reason in (("spot", Reason.COPIED), ("books", Reason.HALTED_FEED), ("switch", Reason.HALTED_FEED)):
        house = House().ready()
        house.give(FeedHealth(feed, healthy=False, reason="silent"))
        assert house.whale() is reason, feed


def test_a_table_of_voices_that_makes_no_sense_is_refused_in_one_sentence_and_the_old_one_stays() -> None:
    house = House(params=RATIO).ready("whale", "other")
    house.give(VoicesPublished(Voices(0, (Pair("other", "whale", 300_001, 0),))))
    house.give(VoicesPublished(Voices(0, (Pair("other", "whale", ONE + 1, 0),))))
    assert house.alerts[-1].name == "voices_refused"
    assert house.alerts[-1].text == "overlap of other and whale must lie between 0 and 1, not 1.000001"
    house.whale(trade("other"))
    assert house.whale(trade(tx="tx2")) is Reason.OVERLAP


def test_a_breaker_is_told_when_it_trips_and_when_it_has_ended() -> None:
    house = House().ready()
    for price in (100, 110):
        house.give(PricePoint("BTC", PriceKind.SPOT, price * ONE))
    house.give(PricePoint("BTC", PriceKind.SPOT, 110 * ONE), after=SECOND)
    assert house.told("breaker") == ["no entries: halted_spot_move"]
    house.give(PricePoint("BTC", PriceKind.SPOT, 110 * ONE), after=20 * MINUTE)
    assert house.told("breaker_ended") == ["entries again: halted_spot_move has ended"]


def test_the_kill_switch_is_no_news_of_a_breaker() -> None:
    house = House().ready()
    house.kill()
    house.pass_time(SECOND)
    house.resume()
    house.pass_time(SECOND)
    assert house.told("breaker") == house.told("breaker_ended") == []


def test_a_changed_tick_decides_the_next_limit() -> None:
    house = House(params=RATIO).ready()
    house.give(MarketChanged(market(tick=1_000)))
    assert house.copied(trade(price=333_000)).limit == 339_000


def test_a_resolved_market_forgets_its_books() -> None:
    house = House().ready()
    house.give(book())
    house.resolve()
    assert house.engine.filters.books == {}


# ---------------------------------------------------------------------- people


def test_a_kill_cancels_what_is_open_and_is_kept_by_the_store() -> None:
    house = House().ready()
    sent = house.copied()
    house.accept(sent)
    house.kill()
    assert house.cancels == [sent.order_key]
    assert house.store.switch().trading is False
    assert (house.alerts[-1].severity, house.alerts[-1].name) == (1, "trading_stopped")


def test_a_second_kill_is_kept_but_cancels_and_tells_only_once() -> None:
    house = House().ready()
    sent = house.copied()
    house.kill()
    house.kill()
    house.give(ControlChanged(trading=False, reason="the store says so too"))
    assert house.cancels == [sent.order_key]
    assert len(house.alerts) == 1


def test_a_switch_found_in_the_plan_transaction_stops_like_a_kill() -> None:
    house = House().ready("whale", "other")
    house.give(MarketListed(market("n")))
    sent = house.copied()
    house.commits = False
    house.whale(trade("other", "n:yes", tx="tx2"))
    order = house.plans[-1].record.order
    assert order is not None
    house.give(PlanRefused(order.order_key, RefusedBy.SWITCH))
    assert house.cancels == [sent.order_key]
    assert house.alerts[-1].name == "trading_stopped"
    assert house.whale(trade(token="n:no", tx="tx3")) is Reason.TRADING_DISABLED


def test_the_switch_of_the_store_stops_us_too() -> None:
    house = House().ready()
    house.give(ControlChanged(trading=False, reason="kill function"))
    assert house.whale() is Reason.TRADING_DISABLED


def test_nobody_resumes_while_an_order_is_in_doubt() -> None:
    house = House().ready()
    sent = house.copied()
    house.give(OrderInDoubt(sent.order_key, "time-out"))
    house.kill()
    house.resume()
    assert house.alerts[-1].name == "resume_refused"
    assert sent.order_key in house.alerts[-1].text
    assert house.store.switch().trading is False


def test_a_command_delivered_twice_is_obeyed_once() -> None:
    house = House().ready()
    house.command(CommandKind.DEPOSIT, "gift", dollars(5))
    house.command(CommandKind.DEPOSIT, "gift", dollars(5))
    assert house.cash == dollars(10_005)


@pytest.mark.parametrize("amount", [0, -5_000_000])
def test_a_deposit_of_nothing_or_less_is_refused_in_one_sentence(amount: int) -> None:
    house = House().ready()
    house.command(CommandKind.DEPOSIT, "odd", amount)
    assert house.cash == dollars(10_000)
    assert house.alerts[-1].text == f"command odd: amount must be positive, not {amount // ONE}"


# ---------------------------------------------------------------------- breakers


def test_the_daily_loss_ends_at_midnight_utc() -> None:
    house = House(replace(House().engine.limits, daily_loss_usd=dollars(40)), RATIO).ready()
    house.lose()
    midnight = NOON + DAY // 2
    assert house.whale(after=midnight - 1 - house.now) is Reason.HALTED_DAILY_LOSS
    assert house.whale(trade(tx="tx2"), after=1) is Reason.COPIED
    assert house.now == midnight


def test_a_loss_just_after_midnight_counts_for_the_new_day() -> None:
    house = House(replace(House().engine.limits, daily_loss_usd=dollars(40)), RATIO).ready()
    house.give(MarketListed(market("l")))
    house.bought(trade(token="l:yes", tx="txl"))
    house.give(trade("stranger"), after=NOON + DAY // 2 - house.now)
    house.resolve("l", 0)
    assert house.whale() is Reason.HALTED_DAILY_LOSS


def test_a_mark_that_falls_is_a_loss_of_the_day_too() -> None:
    house = House(replace(House().engine.limits, daily_loss_usd=dollars(40)), RATIO).ready()
    house.give(MarketListed(market("l")))
    house.bought(trade(token="l:yes", tx="txl"))
    house.give(trade("stranger", "l:yes", price=10_000))
    assert house.whale() is Reason.HALTED_DAILY_LOSS


def test_the_whales_loss_of_the_day_ends_at_midnight_and_is_its_own() -> None:
    limits = replace(House().engine.limits, source_daily_loss_usd=dollars(40))
    house = House(limits, RATIO).ready("whale", "other")
    house.lose()
    assert house.whale() is Reason.WHALE_DAILY_LOSS
    assert house.whale(trade("other", tx="tx2")) is Reason.COPIED
    assert house.whale(trade(tx="tx3"), after=DAY) is Reason.COPIED


def test_a_drawdown_waits_for_a_person_even_over_midnight_and_recovery() -> None:
    limits = replace(House().engine.limits, drawdown_halt=4_000, drawdown_reduce=4_000)
    house = House(limits, RATIO).ready()
    house.lose()
    assert house.whale() is Reason.HALTED_DRAWDOWN
    house.deposit(10_000, "more")
    assert house.whale(trade(tx="tx2"), after=2 * DAY) is Reason.HALTED_DRAWDOWN
    house.resume()
    assert house.whale(trade(tx="tx3"), after=2 * MINUTE) is Reason.COPIED


def test_four_losses_and_a_win_start_the_count_again() -> None:
    house = House(replace(House().engine.limits, source_daily_loss_usd=dollars(9_000)), RATIO).ready()
    for n in range(4):
        house.lose(f"l{n}")
    house.give(MarketListed(market("w")))
    house.bought(trade(token="w:yes", tx="txw"))
    house.resolve("w", ONE)
    house.lose("l5")
    assert house.whale() is Reason.COPIED


def test_a_position_sold_in_two_parts_is_one_loss_judged_as_a_whole() -> None:
    house = House(replace(House().engine.limits, losses_to_pause=1), RATIO).ready()
    house.bought()
    sale = house.copied(trade(side=Side.SELL, size=500 * ONE, price=200_000, tx="s1"))
    house.accept(sale)
    house.fill(sale)
    sale = house.copied(trade(side=Side.SELL, size=500 * ONE, price=500_000, tx="s2"), after=61 * SECOND)
    house.accept(sale)
    house.fill(sale, price=510_000)
    assert house.size() < 10_000
    house.resolve(yes=ONE)
    assert house.whale(trade(token="m:no", tx="x")) is Reason.MARKET_RESOLVED
    house.give(MarketListed(market("n")))
    assert house.whale(trade(token="n:yes", tx="tx9")) is Reason.PAUSED_LOSSES


def test_a_drawdown_of_ten_percent_halves_new_stakes() -> None:
    limits = replace(House().engine.limits, drawdown_reduce=4_000)
    full, less = House(params=RATIO).ready(), House(limits, RATIO).ready()
    full.lose()
    less.lose()
    full.copied()
    less.copied()
    assert less.decisions[-1].stake * 2 == full.decisions[-1].stake


def test_only_a_person_publishes_who_is_followed_and_holdings_keep_a_whale_watched_for_exits() -> None:
    house = House().ready("whale", "other")
    house.bought()
    house.give(ranking("other"))
    assert house.whale(trade(tx="tx2")) is Reason.NOT_RANKED
    assert house.whale(trade(side=Side.SELL, tx="s")) is Reason.COPIED


def test_an_order_that_has_not_filled_yet_keeps_its_whale_watched_too() -> None:
    house = House().ready("whale", "other")
    sent = house.copied()
    house.give(ranking("other"))
    house.fill(sent)
    assert house.whale(trade(side=Side.SELL, tx="s")) is Reason.COPIED
