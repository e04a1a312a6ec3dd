"""Phases through the whole engine: what follows an order that has ended, and what stops it."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from shared.domain.decision import Reason
from shared.domain.instants import HOUR, MILLISECOND, SECOND
from shared.domain.ledger import SettlementStatus
from shared.domain.market import MarketKind
from shared.domain.messages import MarketChanged, OrderInDoubt, SpotTrade
from shared.domain.money import ONE, cost, dollars
from shared.domain.order import Side
from shared.strategies.whale_copy import Params
from tests.shared.engine.builders import House, market, trade
from tests.shared.engine.ladders import DEFAULT, LADDER, SALE, S, ends, ladder, of, refuse, veto_feed
from tests.shared.engine.reasons import murmur

# ---------------------------------------------------------------------- phases


def test_three_phases_follow_each_other_dearer_smaller_and_longer() -> None:
    house = ladder()
    first = house.copied()
    lives = []
    for n in range(3):
        house.accept(house.sent[n])
        lives.append(house.wakes[-1].at - house.now)
        house.wake()
        house.report(house.sent[n], S.CANCELED)
    assert lives == [30 * SECOND, 45 * SECOND, 60 * SECOND]
    assert of(house) == [
        (510_000, 95_690_000, 1),
        (530_000, 86_120_000, 2),
        (560_000, 64_590_000, 3),
    ]
    assert [sent.leg for sent in house.sent] == [1, 2, 3]
    assert {sent.intent_id for sent in house.sent} == {first.intent_id}
    assert house.reserved == 0
    assert house.cash == dollars(10_000)


def test_a_phase_asks_only_for_what_the_one_before_left() -> None:
    house = ladder()
    first = house.copied()
    ends(house, first, filled=45_690_000)
    assert of(house)[1] == (530_000, 45 * ONE, 2)
    house.accept(house.sent[1])
    house.fill(house.sent[1])
    assert len(house.sent) == 2
    assert house.size() == 90_690_000


def test_what_is_left_of_too_little_is_given_up() -> None:
    house = ladder()
    first = house.copied()
    ends(house, first, filled=first.size - 5 * ONE)
    assert len(house.sent) == 1


def test_by_the_limits_as_they_are_a_phase_slips_no_more_than_a_market_order() -> None:
    house = ladder(limits=replace(LADDER, slippage_market=DEFAULT.slippage_market))
    house.show(490_000, 500_000)
    ends(house, house.copied())
    assert (house.sent[1].limit, house.sent[1].reference) == (520_000, 500_000)
    ends(house, house.sent[1])
    assert len(house.sent) == 2


def test_a_phase_that_would_cost_the_edge_is_not_begun() -> None:
    house = ladder(Params())
    ends(house, house.copied(trade(price=500_000)))
    assert house.sent[1].limit == 530_000
    poor = House(LADDER, Params()).ready()
    poor.engine.detection.whales["whale"].edge_total = 30_000 * 40
    ends(poor, poor.copied())
    assert len(poor.sent) == 1


def test_a_mirror_sale_takes_less_with_each_phase_and_says_what_it_could_not_sell() -> None:
    house = ladder()
    house.bought()
    held = house.size()
    ends(house, house.copied(SALE), filled=10 * ONE)
    ends(house, house.sent[2])
    ends(house, house.sent[3])
    assert of(house)[1:] == [(490_000, held, 1), (470_000, held - 10 * ONE, 2), (440_000, held - 10 * ONE, 3)]
    assert len(house.sent) == 4
    assert house.told("exit_unfinished")[0].startswith(f"{held - 10 * ONE} of m:yes are unsold")
    assert house.size() == held - 10 * ONE


# ---------------------------------------------------------------------- what stands in the way


def veto_spot(house: House) -> None:
    for price in (50_000, 60_000):
        house.give(SpotTrade("BTC", Side.BUY, price * ONE, ONE, 1))


def veto_kill(house: House) -> None:
    house.kill()


def veto_closed(house: House) -> None:
    house.give(MarketChanged(market(accepting=False)))


def veto_dispute(house: House) -> None:
    house.give(MarketChanged(market(disputed=True)))


def veto_end(house: House) -> None:
    house.give(MarketChanged(market(end_at=house.now + MILLISECOND + 3 * HOUR)))


def veto_updown_end(house: House) -> None:
    house.give(MarketChanged(market(kind=MarketKind.CRYPTO_UPDOWN, end_at=house.now + MILLISECOND)))


def veto_other_side(house: House) -> None:
    house.engine.desk.execution.open_by_market["m"]["x"] = replace(house.sent[0], order_key="x", token="m:no")


def veto_doubt(house: House) -> None:
    sent = house.copied(trade("other", tx="tx2"))
    house.give(OrderInDoubt(sent.order_key, "time-out"))


VETOES = [
    veto_feed,
    veto_spot,
    veto_kill,
    veto_closed,
    veto_dispute,
    veto_end,
    veto_updown_end,
    veto_other_side,
    veto_doubt,
]


@pytest.mark.parametrize("veto", VETOES)
def test_a_phase_is_vetoed_by_whatever_would_deny_a_new_purchase(veto: Callable[[House], None]) -> None:
    house = ladder()
    first = house.copied()
    house.accept(first)
    veto(house)
    sent = len(house.sent)
    house.report(first, S.CANCELED)
    assert len(house.sent) == sent


@pytest.mark.parametrize(("kind", "before"), [(MarketKind.EVENT, 3 * HOUR), (MarketKind.CRYPTO_UPDOWN, 0)])
def test_just_before_the_last_entry_the_next_phase_is_still_begun(kind: MarketKind, before: int) -> None:
    house = ladder()
    first = house.copied()
    house.accept(first)
    house.give(MarketChanged(market(kind=kind, end_at=house.now + MILLISECOND + before + 1)))
    house.report(first, S.CANCELED)
    assert len(house.sent) == 2


@pytest.mark.parametrize(("others", "size"), [(300, 38_470_000), (500, None)])
def test_a_leg_takes_no_more_than_the_caps_have_room_for(others: int, size: int | None) -> None:
    """While it waits, another whale's copy takes $30 of the $50.10 that the market may have, or nearly all of it."""
    house = ladder(limits=replace(LADDER, market_usd=dollars(50) + 100_000))
    first = house.copied()
    refuse(house, first)
    timer = house.wakes[-1]
    house.copied(trade("other", size=2 * others * ONE, tx="tx2"), after=MILLISECOND)
    house.wake(timer)
    legs = [sent for sent in house.sent if sent.intent_id == first.intent_id][1:]
    assert [leg.size for leg in legs] == ([] if size is None else [size])
    assert house.engine.desk.in_token("m", "m:yes") <= dollars(50) + 100_000


def test_a_resolved_market_ends_the_intent() -> None:
    house = ladder()
    first = house.copied()
    house.accept(first)
    house.resolve()
    house.report(first, S.CANCELED)
    assert len(house.sent) == 1
    assert house.engine.desk.execution.intents == {}


def test_no_sale_of_any_kind_is_planned_once_the_switch_is_on() -> None:
    house = ladder()
    house.bought()
    sale = house.copied(SALE)
    house.accept(sale)
    house.kill()
    house.report(sale, S.CANCELED)
    assert house.sent[-1] == sale
    assert house.plans[-1].record.order == sale


def test_a_sale_goes_on_only_with_shares_that_are_still_there() -> None:
    """The purchase fails on the chain while its shares are offered."""
    house = ladder()
    entry = house.copied()
    house.accept(entry)
    bought = house.fill(entry, settles=True)
    house.status(bought, SettlementStatus.MINED)
    sale = house.copied(SALE)
    house.accept(sale)
    house.status(bought, SettlementStatus.FAILED)
    house.report(sale, S.CANCELED)
    assert house.plans[-1].record.order == sale
    assert house.cash == dollars(10_000)


def test_a_fill_that_arrives_between_two_phases_is_booked_and_the_next_phase_goes_on() -> None:
    house = ladder()
    first = house.copied()
    ends(house, first)
    house.fill(first, size=20 * ONE)
    assert house.order(first).state is S.CANCELED
    second = house.sent[1]
    assert second.size == 86_120_000  # asked for before the late fill was heard of
    ends(house, second)
    assert house.sent[2].size == 64_590_000
    assert house.size() == 20 * ONE
    assert house.engine.desk.books.imbalance() == 0


def test_an_order_that_a_late_fill_ends_twice_is_followed_once() -> None:
    house = ladder()
    first = house.copied()
    ends(house, first)
    house.fill(first)
    assert house.order(first).state is S.FILLED
    assert len(house.sent) == 2


def test_a_restart_between_two_phases_repeats_nothing() -> None:
    house = ladder(Params())
    first = house.copied()
    house.accept(first)
    house.commits = False
    house.report(first, S.CANCELED)
    assert len(house.plans) == 2  # planned, never written: the life ends here
    life = house.restarted()
    assert life.engine.desk.books.orders == {first.order_key: house.order(first)}
    assert life.queries == []
    assert life.whale(trade(tx="tx1", delivery=1)) is Reason.JOINED_BURST
    assert life.sent == []
    assert life.reserved == 0


def test_a_restart_in_the_middle_of_a_phase_goes_on_from_the_venues_answer() -> None:
    house = ladder()
    first = house.copied()
    ends(house, first)
    second = house.sent[1]
    life = house.restarted()
    assert life.queries == [second.order_key]
    life.report(second, S.CANCELED, filled=0)
    assert [(sent.phase, sent.leg) for sent in life.sent] == [(3, 3)]


def test_a_ratio_copy_is_topped_up_only_once_its_ladder_has_ended() -> None:
    house = ladder()
    first = house.copied()
    ends(house, first)
    assert house.whale(trade(tx="tx2")) is Reason.LEG_OPEN
    house.accept(house.sent[1])
    house.fill(house.sent[1])
    assert house.whale(murmur("whale", tx="tx3")) is Reason.TOPPED_UP
    topped = house.sent[-1]
    assert (topped.phase, topped.leg) == (1, 3)
    assert house.decisions[-1].stake == dollars(105) - cost(
        first.size, first.limit
    )  # 10% of all, less what was asked for
