from shared.domain.ledger import Merging
from shared.domain.money import ONE, Shares, dollars
from shared.domain.order import Side
from shared.domain.whale import RankedWallet
from shared.engine.projection import Underway
from tests.shared.engine.builders import House, ranked, trade


def test_strategies_see_the_engine_as_it_is_now() -> None:
    house = House().ready(ranked("whale"), RankedWallet("new", 2))
    view = house.engine.judge.view
    assert view.market("m") is house.engine.markets["m"]
    assert view.market("n") is None
    assert [view.edge(name) for name in ("whale", "new", "stranger")] == [150_000, None, None]
    assert view.sleeve_size("m:yes", "whale_copy", "whale") == 0
    assert view.sleeve_free("m:yes", "whale_copy", "whale") == 0
    assert view.equity() == dollars(10_000)
    sent = house.bought()
    assert view.sleeve_size("m:yes", "whale_copy", "whale") == sent.size
    assert view.sleeve_free("m:yes", "whale_copy", "whale") == sent.size
    assert view.intended(sent.signal_id) > 0
    assert view.intended("nothing") == 0
    house.copied(trade(side=Side.SELL, tx="s"))
    assert view.sleeve_size("m:yes", "whale_copy", "whale") == sent.size
    assert view.sleeve_free("m:yes", "whale_copy", "whale") < 10_000


def test_shares_that_a_merge_under_way_may_take_are_not_free_to_sell() -> None:
    house = House().ready()
    sent = house.bought()
    view, merging = house.engine.judge.view, house.engine.desk.books.merging

    def begin(market: str, size: int) -> None:
        tokens = (f"{market}:yes", f"{market}:no")
        merging[market] = Underway(Merging(market, tokens, Shares(size), market), dict.fromkeys(tokens, size), size)

    begin("another market", sent.size)
    assert view.sleeve_free("m:yes", "whale_copy", "whale") == sent.size
    begin("m", 10 * ONE)
    assert view.sleeve_free("m:yes", "whale_copy", "whale") == sent.size - 10 * ONE
    assert view.sleeve_free("m:yes", "whale_copy", "nobody") == 0
    sale = house.copied(trade(side=Side.SELL, tx="s"))
    assert sale.size <= sent.size - 10 * ONE
    begin("m", 2 * sent.size)
    assert view.sleeve_free("m:yes", "whale_copy", "whale") == 0
