"""What every venue does after an execution: it settles or fails; what resolved or is held on both sides is paid out."""

from shared.domain.instants import MINUTE
from shared.domain.ledger import PUSD, SettlementStatus
from shared.domain.messages import FillStatus, Merged, MergeReverted, OrderRejected, Redeemed
from shared.domain.money import ONE, Price, Shares, cost
from tests.contracts.venue.face import MARKET, OTHER_TOKEN, TOKEN, VenueUnderTest, fak, fills, sold

ASKS = {50: 400}
BIDS = {48: 400}
CASH = 1_000 * ONE
S = SettlementStatus


def bought(venue: VenueUnderTest) -> int:
    """A hundred shares at fifty cents, by an account with a thousand dollars; what they took."""
    venue.balance(PUSD, CASH)
    venue.balance(TOKEN, 0)
    venue.display(BIDS, ASKS)
    venue.submit(fak(cents=50, size=100))
    venue.wait()
    (fill,) = fills(venue)
    return cost(fill.size, Price(500_000)) + fill.fee


def statuses(venue: VenueUnderTest) -> list[SettlementStatus]:
    return [said.status for said in venue.heard if isinstance(said, FillStatus)]


def test_an_execution_is_provisional_then_mined_then_confirmed(settling: VenueUnderTest) -> None:
    bought(settling)
    assert fills(settling)[0].settles
    assert statuses(settling) == [S.MATCHED]
    settling.wait(MINUTE)
    assert statuses(settling) == [S.MATCHED, S.MINED, S.CONFIRMED]


def test_where_nothing_is_said_of_settlement_an_execution_stands(venue: VenueUnderTest) -> None:
    bought(venue)
    assert not fills(venue)[0].settles
    venue.wait(MINUTE)
    assert statuses(venue) == []


def test_a_failed_execution_is_told_and_its_shares_and_cash_go_back(failing: VenueUnderTest) -> None:
    spent = bought(failing)
    held = failing.reports()
    assert (held.positions, held.balance) == ({TOKEN: 100 * ONE}, CASH - spent)
    failing.wait(MINUTE)
    assert statuses(failing) == [S.MATCHED, S.FAILED]
    back = failing.reports()
    assert (back.positions, back.balance) == ({}, CASH)
    assert back.trades is not None
    assert [trade.status for trade in back.trades] == [S.FAILED]
    failing.submit(sold("b", cents=48))
    failing.wait()
    assert any(isinstance(said, OrderRejected) and said.order_key == "b" for said in failing.heard)


def test_settlement_goes_on_when_another_client_takes_over(failing: VenueUnderTest) -> None:
    bought(failing)
    failing.reconnect()
    failing.wait(MINUTE)
    assert statuses(failing)[-1] is S.FAILED
    back = failing.reports()
    assert (back.positions, back.balance) == ({}, CASH)


def test_shares_of_a_resolved_market_are_paid_out_once(settling: VenueUnderTest) -> None:
    spent = bought(settling)
    settling.resolve({TOKEN: ONE, OTHER_TOKEN: 0})
    settling.redeem(MARKET)
    settling.wait(MINUTE)
    assert [said for said in settling.heard if isinstance(said, Redeemed)] == [Redeemed(MARKET)]
    paid = settling.reports()
    assert (paid.positions, paid.balance) == ({}, CASH - spent + 100 * ONE)
    settling.reconnect()
    settling.redeem(MARKET)
    settling.wait(MINUTE)
    assert settling.heard.count(Redeemed(MARKET)) == 2
    assert settling.reports().balance == paid.balance


def test_shares_that_lost_are_gone_for_nothing(settling: VenueUnderTest) -> None:
    spent = bought(settling)
    settling.resolve({TOKEN: 0, OTHER_TOKEN: ONE})
    settling.redeem(MARKET)
    settling.wait(MINUTE)
    paid = settling.reports()
    assert (paid.positions, paid.balance) == ({}, CASH - spent)


def test_what_has_not_resolved_is_not_paid_out(settling: VenueUnderTest) -> None:
    bought(settling)
    settling.redeem(MARKET)
    settling.wait(MINUTE)
    assert not any(isinstance(said, Redeemed) for said in settling.heard)
    assert settling.reports().positions == {TOKEN: 100 * ONE}


def test_shares_of_both_sides_are_merged_into_dollars_once(settling: VenueUnderTest) -> None:
    spent = bought(settling)
    settling.balance(OTHER_TOKEN, 60 * ONE)
    for _ in range(2):
        settling.merge(MARKET, 60 * ONE, "first")
        settling.wait(MINUTE)
    merged = Merged(MARKET, Shares(60 * ONE), "first")
    assert [said for said in settling.heard if isinstance(said, Merged)] == [merged, merged]
    after = settling.reports()
    assert (after.positions, after.balance) == ({TOKEN: 40 * ONE}, CASH - spent + 60 * ONE)


def test_more_than_is_held_of_one_side_is_not_merged(settling: VenueUnderTest) -> None:
    spent = bought(settling)
    settling.balance(OTHER_TOKEN, 60 * ONE)
    settling.merge(MARKET, 60 * ONE + 1, "first")
    settling.wait(MINUTE)
    moves = [said for said in settling.heard if isinstance(said, Merged | MergeReverted)]
    assert moves == [MergeReverted(MARKET, "first")]
    after = settling.reports()
    assert (after.positions, after.balance) == ({TOKEN: 100 * ONE, OTHER_TOKEN: 60 * ONE}, CASH - spent)
