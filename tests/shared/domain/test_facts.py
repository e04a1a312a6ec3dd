"""Which order a fact is about."""

import pytest

from shared.domain.facts import order_key_of
from shared.domain.ledger import Fill, SettlementStatus
from shared.domain.messages import (
    FillStatus,
    OrderAccepted,
    OrderFilled,
    OrderInDoubt,
    OrderRejected,
    OrderReport,
    OrderUnsent,
    Payload,
    PlanCommitted,
    Redeemed,
)
from shared.domain.money import Shares, Usd
from shared.domain.order import OrderState


@pytest.mark.parametrize(
    "fact",
    [
        OrderAccepted("k.1", "v"),
        OrderRejected("k.1", "no"),
        OrderInDoubt("k.1", "time-out"),
        OrderUnsent("k.1", "no lease"),
        OrderReport("k.1", OrderState.LIVE, Shares(0)),
        OrderFilled(Fill("t", "k.1", 500_000, Shares(1), Usd(0), 1)),
        FillStatus("t", "k.1", SettlementStatus.MINED),
    ],
)
def test_what_the_venue_says_of_an_order_names_it(fact: Payload) -> None:
    assert order_key_of(fact) == "k.1"


@pytest.mark.parametrize("fact", [Redeemed("m"), PlanCommitted("k.1")])
def test_facts_about_anything_else_name_none(fact: Payload) -> None:
    assert order_key_of(fact) is None
