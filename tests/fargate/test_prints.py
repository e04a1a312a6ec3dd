import pytest

from fargate.prints import LONG_STEP, MARKETS_KEPT, SHORT_STEP, TRANSACTIONS_KEPT, step_of
from shared.domain.instants import HOUR, MINUTE, SECOND
from shared.domain.market import Market
from shared.domain.messages import Event, PriceKind, PricePoint, SpotTrade, TimerFired, TimerKind
from shared.domain.money import ONE, dollars
from shared.domain.order import Side
from shared.domain.tape import Checkpoint, Warmed
from tests.fargate.watched import Watched, window
from tests.shared.engine.builders import NOON, market, trade


def watched() -> Watched:
    house = Watched()
    house.ready()
    return house


def test_a_print_moves_the_series_of_its_token() -> None:
    house = watched()
    house.printed("m:yes", 400_000, Side.BUY, shares=10)
    house.printed("m:yes", 450_000, Side.SELL, shares=2, after=SECOND)
    series = house.prints.traded["m"].tokens["m:yes"]
    assert (series.last, series.flow(0)) == (450_000, (4 * ONE, 900_000))
    assert house.prints.traded["m"].at == NOON + SECOND


def test_of_a_transactions_rows_only_the_first_is_a_print() -> None:
    house = watched()
    house.give(trade("taker", "m:yes", Side.BUY, 600_000, 10 * ONE, "tx"))
    house.give(trade("maker", "m:no", Side.BUY, 400_000, 10 * ONE, "tx"))
    house.give(trade("taker", "m:yes", Side.BUY, 600_000, 10 * ONE, "tx", delivery=2))
    assert {token: series.flow(0) for token, series in house.prints.traded["m"].tokens.items()} == {
        "m:yes": (dollars(6), 0)
    }


def test_rows_that_name_no_transaction_are_prints_each() -> None:
    house = watched()
    for _ in range(2):
        house.give(trade("other", size=10 * ONE, tx=""))
    assert house.prints.traded["m"].tokens["m:yes"].flow(0) == (dollars(10), 0)


def test_where_the_venue_tells_prints_those_of_wallets_are_the_same_again() -> None:
    house = watched()
    house.printed("m:yes", 500_000, shares=2)
    house.whale(trade(tx="another"))
    assert house.prints.traded["m"].tokens["m:yes"].flow(0) == (dollars(1), 0)


def test_it_is_known_when_a_followed_wallet_last_traded_there() -> None:
    house = watched()
    house.give(trade("stranger", tx="a"))
    assert house.prints.traded["m"].whales_at == 0
    house.whale(trade(tx="b"), after=5 * SECOND, lag=2 * SECOND)
    assert house.prints.traded["m"].whales_at == NOON + 3 * SECOND


def test_what_was_learnt_of_the_past_counts_and_what_is_no_fact_does_not() -> None:
    house = watched()
    house.prints.hear(Warmed(Event(0, NOON, NOON, "feed", trade("other", size=2 * ONE))))
    house.prints.hear(Checkpoint(NOON, "digest"))
    house.prints.hear(Event(0, NOON, NOON, "driver", TimerFired(TimerKind.PULSE, "")))
    assert list(house.prints.traded) == ["m"]


def test_a_resolved_market_is_forgotten() -> None:
    house = watched()
    house.printed("m:yes")
    house.resolve()
    assert house.prints.traded == {}


def test_markets_nobody_trades_in_any_more_make_room() -> None:
    house = watched()
    for number in range(MARKETS_KEPT):
        house.printed(f"n{number}:yes")
    house.printed("n0:yes")
    house.printed("newest:yes")
    assert len(house.prints.traded) == MARKETS_KEPT
    assert {"n0", "newest"} <= set(house.prints.traded)
    assert "n1" not in house.prints.traded


def test_transactions_of_long_ago_are_forgotten() -> None:
    house = watched()
    for number in range(TRANSACTIONS_KEPT + 1):
        house.prints.hear(Event(0, NOON, NOON, "feed", trade("other", size=ONE, tx=f"tx-{number}")))
    house.prints.hear(Event(0, NOON, NOON, "feed", trade("other", size=ONE, tx=f"tx-{TRANSACTIONS_KEPT}")))
    counted = house.prints.traded["m"].tokens["m:yes"].flow(0)
    assert counted == ((TRANSACTIONS_KEPT + 1) * 500_000, 0)


def test_coins_are_heard_from_exchanges_and_from_the_index() -> None:
    house = watched()
    house.give(SpotTrade("BTC", Side.BUY, 79_000 * ONE, ONE, 1), source="binance")
    house.give(PricePoint("ETH", PriceKind.INDEX, 3_000 * ONE), source="index")
    known = house.prints.coins.known
    assert {name: (coin.source, coin.price) for name, coin in known.items()} == {
        "BTC": ("binance", 79_000 * ONE),
        "ETH": ("index", 3_000 * ONE),
    }


@pytest.mark.parametrize(
    ("known", "step"),
    [
        (window(minutes=5), SHORT_STEP),
        (window(minutes=15), SHORT_STEP),
        (market(start_at=NOON, end_at=NOON + HOUR), LONG_STEP),
        (market(end_at=NOON + MINUTE), LONG_STEP),
        (None, LONG_STEP),
    ],
)
def test_short_windows_have_short_candles(known: Market | None, step: int) -> None:
    assert step_of(known) == step
