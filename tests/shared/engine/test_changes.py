"""What a person changes while we trade: at once, as a whole or not at all, once, and for every later life too."""

from typing import Any

import pytest
from msgspec.structs import replace

from shared.domain.change import Change, Mode, in_words
from shared.domain.command import Command, CommandKind
from shared.domain.decision import Reason
from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from shared.domain.ledger import RecordKind
from shared.domain.messages import MarketListed
from shared.domain.money import ONE, Fraction, dollars
from shared.domain.order import OrderState, Side
from shared.engine.changes import REMEMBERED, Answer, Changes, pinned_in
from shared.engine.engine import Engine
from shared.engine.limits import Limits
from shared.engine.profiles import stage_of
from shared.strategies.whale_copy import WhaleCopy
from tests.shared.engine.builders import PLAIN, RATIO, House, market, ranked, ranking, trade
from tests.shared.engine.leaving_houses import KEY, done, exits
from tests.shared.engine.reasons import OPEN, limits, listed

A, B = "0x" + "a" * 40, "0x" + "b" * 40


TENTH = Fraction(100_000)
"""Of equity in one position: as much as limits that are checked may say."""
STOPPED = replace(OPEN, position_of_equity=TENTH, stop_loss=Fraction(150_000))


def ratio(**changes: Any) -> House:
    """Copies 10% of what the whale spends, under limits that may be changed."""
    return House(limits(position_of_equity=TENTH, **changes), RATIO).ready()


def holding() -> House:
    """95.69 shares bought at 0.51, in a book that is worth that, with a stop at 15% below cost."""
    house = House(STOPPED, RATIO).ready()
    house.bought()
    house.show(510_000)
    return house


def changes_on_record(house: House) -> list[object]:
    return [record.change for record in house.store.records if record.kind is RecordKind.CHANGED]


# ---------------------------------------------------------------------- as a whole, once, for good


def test_a_limit_set_by_name_holds_from_the_next_trade_on_and_people_are_told() -> None:
    house = ratio()
    house.change(limits={"trade_min_usd": "51", "spread_max": "0.02"})
    assert house.told("changed") == ["trade_min_usd=51, spread_max=0.02 (test)"]
    assert house.whale() is Reason.BELOW_MINIMUM
    house.change(limits={"trade_min_usd": "50"})
    assert house.whale(trade(tx="tx2"), after=61 * SECOND) is Reason.COPIED
    assert house.engine.limits.spread_max == 20_000


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (Change(), "the request names nothing to change"),
        (None, "the request names nothing to change"),
        (
            Change(limits=(("stop_loss", "10%"), ("stop_los", "5%"))),
            "there is no limit 'stop_los'; `python -m fargate limits` names them all",
        ),
        (Change(limits=(("stop_loss", "2"),)), "stop_loss must lie between 0 and 1, not 2"),
        (
            Change(limits=(("trade_min_usd", "20"), ("trade_max_usd", "10")), mode=Mode.OBSERVE),
            "trade_min_usd 20 exceeds trade_max_usd 10",
        ),
        (
            Change(limits=(("pause_ns", "100000000000d"),)),
            "limit pause_ns='100000000000d': too large to reckon with (for example 500ms, 30s, 15m, 2h or 1d)",
        ),
        (
            Change(limits=(("positions_max", "1000000000000"),)),
            "limit positions_max='1000000000000': too large to reckon with (a whole number)",
        ),
        (Change(pinned=(A[:-1],)), f"'{A[:-1]}' is not a wallet address (0x and 40 hex digits)"),
        (Change(unpinned=(A.upper(),)), f"'{A.upper()}' is not a wallet address (0x and 40 hex digits)"),
        (Change(pinned=(A,), unpinned=(A,)), f"{A} cannot be pinned and let go by one request"),
    ],
)
def test_a_bad_request_changes_nothing_and_is_told_in_one_sentence(change: Change | None, sentence: str) -> None:
    house = House().ready()
    before, records = house.engine.limits, len(house.store.records)
    house.give(Command("bad", CommandKind.SET, "test", change=change))
    assert house.told("change_refused") == [f"nothing is changed: {sentence}"]
    assert house.engine.changes.refused == {"bad": sentence}
    assert (house.engine.limits, len(house.store.records)) == (before, records)
    assert house.engine.changes.in_force() == Changes(PLAIN).in_force()
    assert house.whale() is Reason.COPIED


def test_only_the_latest_answers_are_remembered_and_the_refusals_are_among_them() -> None:
    changes = Changes(PLAIN)
    for n in range(REMEMBERED + 5):
        changes.answer(str(n), Answer(n, "this", "no" if n % 2 else ""))
    latest = range(5, REMEMBERED + 5)
    assert list(changes.answers) == [str(n) for n in latest]
    assert changes.refused == {str(n): "no" for n in latest if n % 2}


def test_the_latest_requests_are_told_with_why_they_were_asked_for_and_what_became_of_them() -> None:
    house = House().ready()
    house.change("a", limits={"kelly": "0.1"})
    house.change("b", limits={"kelly": "0.7"})
    house.give(Command("c", CommandKind.SET, "test"))
    assert house.engine.changes.answers == {
        "a": Answer(house.now, "kelly=0.1 (test)"),
        "b": Answer(house.now, "kelly=0.7 (test)", "kelly must not exceed 0.5, not 0.7"),
        "c": Answer(house.now, "nothing (test)", "the request names nothing to change"),
    }


def test_a_later_life_tells_what_was_changed_before_but_not_why() -> None:
    house = House().ready()
    house.change("a", limits={"kelly": "0.1"})
    at = house.now
    assert house.restarted().engine.changes.answers == {"a": Answer(at, "kelly=0.1")}


def test_only_the_latest_answers_are_remembered() -> None:
    changes = Changes(PLAIN)
    for n in range(REMEMBERED + 5):
        changes.take(Change(reset=True), str(n), n)
    assert list(changes.answers) == [str(n) for n in range(5, REMEMBERED + 5)]
    assert len(changes.made) == REMEMBERED + 5


def test_a_change_is_made_once_also_when_it_is_delivered_to_a_later_life() -> None:
    house = House().ready()
    house.change("once", limits={"kelly": "0.1"})
    house.change("twice", limits={"kelly": "0.2"})
    house.change("once", limits={"kelly": "0.1"})
    life = house.restarted()
    life.change("once", limits={"kelly": "0.1"})
    assert life.engine.limits.kelly == 200_000
    assert len(changes_on_record(house)) == 2


def test_a_later_life_comes_up_with_what_was_changed_and_a_reset_gives_the_settings_back() -> None:
    house = House().ready()
    house.change(limits={"kelly": "0.1", "stop_loss": "10%"}, mode=Mode.OBSERVE, pinned=(A,))
    house.change(limits={"kelly": "0.2"}, unpinned=(B,))
    life = house.restarted(limits=replace(PLAIN, spread_max=20_000))
    assert life.engine.changes.in_force() == house.engine.changes.in_force()
    assert life.engine.limits == replace(PLAIN, kelly=Fraction(200_000), stop_loss=Fraction(100_000), spread_max=20_000)
    assert life.whale() is Reason.OBSERVED
    assert A in life.engine.detection.whales
    assert pinned_in(life.store.records) == (A,)
    life.change(reset=True)
    assert life.told("changed") == ["everything is as the settings say (test)"]
    for after in (life, life.restarted()):
        assert after.engine.changes.in_force() == Changes(PLAIN).in_force()
        assert A not in after.engine.detection.whales
        assert after.engine.limits.kelly == PLAIN.kelly
    assert pinned_in(life.store.records) == ()


def test_a_reset_with_new_limits_leaves_only_those() -> None:
    house = House().ready()
    house.change(limits={"kelly": "0.1"})
    house.change(limits={"spread_max": "0.02"}, reset=True)
    assert house.engine.limits == replace(PLAIN, spread_max=20_000)


def test_changes_that_do_not_fit_the_settings_of_a_later_life_stop_entries_until_they_do() -> None:
    house = House(params=RATIO).ready()
    house.bought()
    house.change(limits={"trade_min_usd": "40"})
    life = house.restarted(limits=replace(PLAIN, trade_max_usd=dollars(30)))
    (told,) = life.told("changes_unfit")
    assert told.endswith("nothing is entered until it does (or is reset): trade_min_usd 40 exceeds trade_max_usd 30")
    assert life.engine.limits.trade_min_usd == dollars(10)
    assert life.whale(trade(tx="tx2"), after=61 * SECOND) is Reason.OBSERVED
    assert life.whale(trade(side=Side.SELL, tx="sale")) is Reason.COPIED
    life.change(mode=Mode.TRADE)
    assert life.told("change_refused") == ["nothing is changed: trade_min_usd 40 exceeds trade_max_usd 30"]
    life.change(limits={"trade_min_usd": "20"})
    assert life.whale(trade(tx="tx3"), after=61 * SECOND) is Reason.COPIED


def test_no_change_leads_past_the_capital_stage() -> None:
    base = Limits()
    engine = Engine("test", WhaleCopy(RATIO), base, stage=stage_of("copy", "1k"))
    assert engine.changes.limits_after(Change(limits=(("portfolio_usd", "50000"),))).portfolio_usd == dollars(1_000)
    assert engine.changes.limits_after(Change(limits=(("portfolio_usd", "500"),))).portfolio_usd == dollars(500)
    with pytest.raises(BadInput, match=r"kelly must not exceed 0\.5"):
        engine.changes.limits_after(Change(limits=(("kelly", "0.6"),)))


def test_a_change_is_told_in_words() -> None:
    change = Change((("stop_loss", "10%"),), Mode.OBSERVE, (A,), (B,), reset=True)
    assert in_words(change) == (
        f"everything is as the settings say, stop_loss=10%, mode observe, {A} is pinned, {B} is followed no more"
    )


# ---------------------------------------------------------------------- breakers


def test_a_halt_that_tripped_stays_when_its_limit_is_raised() -> None:
    house = listed(ratio(daily_loss_usd=dollars(20)), "l")
    house.lose()
    house.pass_time(SECOND)
    house.change(limits={"daily_loss_usd": "5000"})
    assert house.whale() is Reason.HALTED_DAILY_LOSS
    assert house.restarted().whale(trade(tx="tx2")) is Reason.HALTED_DAILY_LOSS


def test_a_lower_limit_of_the_day_that_is_lost_already_halts_at_the_next_look() -> None:
    house = ratio()
    house.lose()
    assert house.whale() is Reason.COPIED
    house.change(limits={"daily_loss_usd": "20"})
    house.pass_time(SECOND)
    assert house.whale(trade(tx="tx2"), after=61 * SECOND) is Reason.HALTED_DAILY_LOSS
    assert house.store.records[-1].ref == Reason.HALTED_DAILY_LOSS.value


def test_losses_in_a_row_and_of_a_whale_that_the_new_limits_forbid_trip_with_the_change() -> None:
    row, whale = ratio(), ratio()
    for house in (row, whale):
        house.lose("l0")
        house.lose("l1")
    row.change(limits={"losses_to_pause": "2"})
    assert row.whale() is Reason.PAUSED_LOSSES
    whale.change(limits={"source_daily_loss_usd": "50"})
    assert whale.whale() is Reason.WHALE_DAILY_LOSS
    whale.change(limits={"source_daily_loss_usd": "5000"})
    assert whale.whale(trade(tx="tx2"), after=61 * SECOND) is Reason.WHALE_DAILY_LOSS


# ---------------------------------------------------------------------- what is held


def test_a_stop_that_is_drawn_nearer_than_the_price_sells_at_once() -> None:
    house = holding()
    house.show(480_000, after=SECOND)
    assert exits(house) == []
    house.change(limits={"stop_loss": "5%"})
    (sold,) = exits(house)
    assert (sold.rule, sold.limit) == ("stop_loss", 480_000 * 98 // 100 // 10_000 * 10_000)


def test_an_exit_under_way_takes_the_new_slips_from_its_next_step() -> None:
    house = holding()
    house.show(430_000, after=SECOND)
    first = house.sent[-1]
    assert first.limit == 420_000
    house.change(limits={"exit_slip": "30%,40%", "stop_loss": "50%"})
    done(house, size=0)
    house.pass_time(4 * SECOND)
    again = house.sent[-1]
    assert (again.rule, again.limit) == ("stop_loss", 250_000)
    assert house.engine.holdings.leaves(KEY)


def test_a_trailing_stop_follows_the_highest_price_it_has_seen_by_the_new_distance() -> None:
    house = House(replace(STOPPED, trailing_stop=Fraction(200_000), trailing_arm=Fraction(150_000)), RATIO).ready(
        "whale"
    )
    house.bought()
    house.show(700_000, after=SECOND)
    house.show(650_000, after=SECOND)
    assert exits(house) == []
    house.change(limits={"trailing_stop": "5%"})
    (sold,) = exits(house)
    assert sold.rule == "trailing_stop"


def test_a_rule_that_is_switched_off_leaves_nothing_more() -> None:
    house = holding()
    house.change(limits={"stop_loss": "0"})
    house.show(100_000, after=SECOND)
    assert exits(house) == []


# ---------------------------------------------------------------------- mode


def test_a_strategy_that_observes_decides_as_always_and_leaves_what_is_held() -> None:
    house = listed(ratio(), "n")
    house.bought()
    house.change(mode=Mode.OBSERVE)
    assert house.whale(trade(token="n:yes", tx="tx-n")) is Reason.OBSERVED
    assert (house.decisions[-1].stake, house.decisions[-1].order_key) == (dollars(50), "")
    assert house.whale(trade(token="q:yes", tx="tx-q")) is Reason.MARKET_UNKNOWN
    assert house.whale(trade(side=Side.SELL, tx="sale")) is Reason.COPIED
    house.change(mode=Mode.TRADE)
    assert house.whale(trade(token="n:yes", tx="tx-n2"), after=61 * SECOND) is Reason.COPIED


@pytest.mark.parametrize(("mode", "legs"), [(Mode.OBSERVE, 1), (Mode.TRADE, 2)])
def test_a_purchase_under_way_gets_no_further_leg_while_the_strategy_observes(mode: Mode, legs: int) -> None:
    phases = replace(OPEN, phase_life_ns=(SECOND, SECOND), phase_step=(0, 20_000), phase_cut=(Fraction(0), Fraction(0)))
    house = House(phases, RATIO).ready()
    sent = house.copied()
    house.accept(sent)
    house.change(mode=mode)
    house.report(sent, OrderState.CANCELED)
    assert len(house.sent) == legs


# ---------------------------------------------------------------------- who is followed


def test_a_pinned_wallet_is_followed_at_once_and_by_every_later_ranking() -> None:
    house = House(params=RATIO).ready("whale")
    house.change(pinned=(A,))
    assert house.whale(trade(A)) is Reason.COPIED
    house.give(ranking("other"))
    assert list(house.engine.detection.whales) == ["other", A]
    assert house.whale(trade(A, tx="tx2"), after=61 * SECOND) is Reason.COPIED


def test_a_wallet_pinned_before_any_ranking_is_followed_with_the_first() -> None:
    house = House(params=RATIO)
    house.deposit(10_000)
    house.change(pinned=(A,))
    assert house.whale(trade(A)) is None
    house.give(ranking("whale"))
    assert list(house.engine.detection.whales) == ["whale", A]


def test_a_wallet_let_go_stays_watched_for_exits_while_we_hold_what_it_brought() -> None:
    house = House(params=RATIO).ready("whale")
    house.change(pinned=(A,))
    house.bought(trade(A))
    house.change(unpinned=(A,))
    assert house.whale(trade(A, tx="tx2")) is Reason.NOT_RANKED
    assert house.whale(trade(A, side=Side.SELL, tx="sale")) is Reason.COPIED
    house.change(pinned=(A,))
    house.give(MarketListed(market("n")))
    assert house.whale(trade(A, token="n:yes", tx="tx3")) is Reason.COPIED


def test_who_is_ranked_stays_followed_and_keeps_what_it_has_earned_since() -> None:
    house = House(params=RATIO).ready(ranked(A), ranked("whale", 2))
    house.lose()
    earned = house.engine.detection.whales["whale"].edge_total
    assert earned != ranked("whale").edge_total
    house.change(unpinned=(A,), pinned=(B,))
    assert list(house.engine.detection.whales) == [A, "whale", B]
    assert house.engine.detection.whales["whale"].edge_total == earned


def test_who_is_ranked_and_let_go_is_heard_and_not_copied_until_pinned_again() -> None:
    house = House(params=RATIO).ready(ranked(A), ranked("whale", 2))
    house.bought(trade(A))
    house.change(unpinned=(A,))
    assert house.whale(trade(A, tx="tx2"), after=61 * SECOND) is Reason.NOT_RANKED
    house.give(ranking(A, "whale"))
    assert house.whale(trade(A, tx="tx3"), after=61 * SECOND) is Reason.NOT_RANKED
    assert house.whale(trade(A, side=Side.SELL, tx="sale")) is Reason.COPIED
    house.change(pinned=(A,))
    assert house.engine.detection.whales[A].entries


def test_pins_of_the_settings_can_be_taken_back_and_a_leader_that_is_only_watched_can_be_pinned() -> None:
    house = House(params=RATIO).ready(replace(ranked(A), pinned=True), replace(ranked(B, 2), watched_only=True))
    assert house.whale(trade(B)) is Reason.NOT_RANKED
    house.change(unpinned=(A,), pinned=(B,))
    assert list(house.engine.detection.whales) == [B]
    assert house.whale(trade(B, tx="tx2"), after=61 * SECOND) is Reason.COPIED


def test_a_burst_that_was_copied_before_a_restart_is_known_when_its_wallet_is_followed_later() -> None:
    house = House(params=RATIO).ready("whale", A)
    house.bought(trade(A))
    life = House(PLAIN, store=house.store)
    life.now = house.now + SECOND
    life.perform(life.engine.recover(house.store.journal("test"), True, life.now))
    life.give(ranking("nobody"))
    life.give(MarketListed(market()))
    life.give(ranking(A))
    assert life.whale(trade(A, tx="tx2")) is Reason.JOINED_BURST
    assert life.engine.desk.books.positions[f"m:yes#whale_copy/{A}"].size > ONE
