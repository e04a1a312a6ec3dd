"""Every reason a whale trade may be given and a position may be left for, from real events through the whole engine;
for each limit also the case that stays just inside.
"""

import pytest

from shared.domain.decision import Reason
from shared.domain.money import ONE, dollars
from shared.domain.reasons import RULES
from tests.shared.engine import reasons_breakers, reasons_caps, reasons_exits, reasons_markets
from tests.shared.engine.builders import House
from tests.shared.engine.reasons import Row, last, ratio

TABLE: list[Row] = [
    *reasons_markets.TABLE,
    *reasons_caps.TABLE,
    *reasons_breakers.TABLE,
    *reasons_exits.TABLE,
]
NAMED = [pytest.param(row, id=f"{row.reason.value}-{n}") for n, row in enumerate(TABLE)]
HELD_AGAINST_NOTHING = {
    Reason.COPIED,
    Reason.TOPPED_UP,
    Reason.JOINED_BURST,
    Reason.LEG_OPEN,
    Reason.STALE,
    Reason.TRADING_DISABLED,
    Reason.PAUSED_STORE,
    Reason.NOT_RANKED,
    Reason.OBSERVED,
    Reason.NO_SLEEVE,
    Reason.OPPOSITE_SIDE,
    Reason.IN_DOUBT,
    Reason.UNSETTLED,
    Reason.MARKET_UNKNOWN,
    Reason.MARKET_CLOSED,
    Reason.MARKET_RESOLVED,
    Reason.MARKET_DISPUTED,
    Reason.END_UNKNOWN,
    Reason.VOLUME_UNKNOWN,
    Reason.SPREAD_UNKNOWN,
    Reason.DEPTH_UNKNOWN,
    Reason.EDGE_UNKNOWN,
    Reason.EXIT_COVERED,
}
"""Reasons that say all there is to say: a state, or something nobody knows."""


@pytest.mark.parametrize("row", NAMED)
def test_a_reason_is_given_beyond_its_limit_with_its_numbers_and_not_just_inside(row: Row) -> None:
    beyond = last(row.outside())
    assert beyond is not None
    assert beyond.reason is row.reason
    kept = dict(beyond.numbers)
    assert {name: kept.get(name) for name in row.told} == row.told
    inside = last(row.inside())
    assert (inside.reason if inside is not None else None) is row.otherwise


def test_every_reason_there_is_has_been_produced() -> None:
    assert {row.reason for row in TABLE} == set(Reason)


def test_every_reason_that_is_held_against_a_limit_keeps_its_numbers() -> None:
    told = {row.reason for row in TABLE if row.told}
    assert set(Reason) - told == HELD_AGAINST_NOTHING | {Reason.NO_EDGE, Reason.CAP_CASH}


@pytest.mark.parametrize("row", [row for row in TABLE if row.reason in RULES])
def test_a_position_that_a_rule_leaves_is_counted_and_the_order_carries_the_rule(row: Row) -> None:
    house = row.outside()
    assert house.engine.holdings.left == {row.reason: 1}
    assert house.sent[-1].rule == row.reason.value
    decision = last(house)
    assert decision is not None
    assert (decision.tx, decision.wallet, decision.size) == ("", "whale", house.sent[-1].size)
    assert decision.signal_id == house.sent[-1].signal_id


def test_a_decision_tells_the_numbers_that_led_to_it() -> None:
    house = House().ready()
    sent = house.copied()
    (decision,) = house.decisions
    assert (decision.order_key, decision.limit, decision.signal_id) == (sent.order_key, sent.limit, sent.signal_id)
    assert (decision.price, decision.size, decision.tx) == (500_000, 1_000 * ONE, "tx1")
    assert decision.p_win == 650_000
    assert decision.at - decision.venue_at == 1_000_000_000
    assert decision.not_applicable == ("spread", "depth", "price_moved")


def test_a_denied_decision_keeps_the_wish_and_the_stake() -> None:
    house = ratio(market_usd=dollars(1))
    assert house.whale() is Reason.CAP_MARKET
    (decision,) = house.decisions
    assert (decision.stake, decision.order_key) == (dollars(50), "")
    assert decision.limit == 510_000
