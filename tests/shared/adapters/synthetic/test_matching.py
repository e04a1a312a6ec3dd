"""Matching: orders are filled whole, and the maker's form follows from its stock alone."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.synthetic.markets import Markets, make_markets
from shared.adapters.synthetic.matching import Rows, match
from shared.adapters.synthetic.orders import BUY, NOBODY, SELL, Orders
from shared.adapters.synthetic.wallets import Role, Wallets, make_wallets
from shared.adapters.synthetic.world import HOUSE, streams

RNGS = streams(1)
MARKETS: Markets = make_markets(RNGS["markets"], 0.5, HOUSE)
WALLETS: Wallets = make_wallets(RNGS["wallets"], HOUSE)
TAKERS = WALLETS.having(Role.NOISE)

Order = tuple[int, int, int, int, int]


def orders_of(rows: list[Order]) -> Orders:
    """Rows of (market, token, side, units, cents), one second apart, each by another noise trader."""
    market, token, side, units, cents = np.array(rows, dtype=np.int64).reshape(-1, 5).T
    count = len(rows)
    return Orders(
        at=np.arange(count, dtype=np.float64),
        market=market,
        wallet=TAKERS[np.arange(count)],
        token=token,
        side=side,
        units=units,
        cents=cents,
        maker=np.full(count, NOBODY, dtype=np.int64),
    )


def matched(rows: list[Order], seed: int) -> Rows:
    return match(np.random.Generator(np.random.PCG64(seed)), orders_of(rows), MARKETS, WALLETS)


ORDER = st.tuples(
    st.integers(0, 2), st.integers(0, 1), st.sampled_from([BUY, SELL]), st.integers(1, 10**7), st.integers(1, 99)
)


@given(st.lists(ORDER, min_size=1, max_size=60), st.integers(0, 2**32))
def test_takers_and_makers_fill_every_order_whole(rows: list[Order], seed: int) -> None:
    prints = matched(rows, seed)
    for mask in (prints.taker, ~prints.taker):
        total = np.bincount(prints.order[mask], weights=prints.units[mask].astype(np.float64), minlength=len(rows))
        assert total.tolist() == [float(row[3]) for row in rows]
    assert (prints.units >= 1).all()
    assert ((prints.cents >= 1) & (prints.cents <= 99)).all()


@given(st.lists(ORDER, min_size=1, max_size=60), st.integers(0, 2**32))
def test_a_maker_never_sells_more_than_it_bought(rows: list[Order], seed: int) -> None:
    prints = matched(rows, seed)
    held: dict[tuple[int, int, int], int] = {}
    for row in np.flatnonzero(~prints.taker):
        key = (int(prints.wallet[row]), int(prints.market[row]), int(prints.token[row]))
        held[key] = held.get(key, 0) + int(prints.units[row]) * (1 if prints.side[row] == BUY else -1)
        assert held[key] >= 0


@given(st.lists(ORDER, min_size=1, max_size=60), st.integers(0, 2**32))
def test_the_two_sides_of_an_order_pay_for_its_tokens(rows: list[Order], seed: int) -> None:
    prints = matched(rows, seed)
    sign = np.where(prints.side == BUY, 1, -1)
    for order in range(len(rows)):
        here = prints.order == order
        up = int((sign * prints.units)[here & (prints.token == 0)].sum())
        down = int((sign * prints.units)[here & (prints.token == 1)].sum())
        assert up == down
        assert int((sign * prints.units * prints.cents)[here].sum()) == 100 * up


def test_a_maker_with_stock_sells_it_and_one_without_mints() -> None:
    """One maker only, so its stock is known: it buys 100 Up, then is asked for Up twice."""
    team = int(WALLETS.having(Role.MARKET_MAKER)[0])
    orders = orders_of([(0, 0, SELL, 1_000_000, 40), (0, 0, BUY, 600_000, 42), (0, 0, BUY, 600_000, 42)])
    named = Orders(**{**vars(orders), "maker": np.full(3, team, dtype=np.int64)})
    prints = match(np.random.Generator(np.random.PCG64(0)), named, MARKETS, WALLETS)
    makers = np.flatnonzero(~prints.taker)
    seen = [(int(prints.token[r]), int(prints.side[r]), int(prints.cents[r])) for r in makers]
    assert seen == [(0, BUY, 40), (0, SELL, 42), (1, BUY, 58)]


def test_no_orders_give_no_prints() -> None:
    assert len(matched([], 0)) == 0
