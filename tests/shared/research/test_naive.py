"""Naive copying through the whole engine: what it copies, what stops it, and what it costs against the truth."""

from pathlib import Path
from typing import Any

import pytest

from shared.adapters.synthetic import generate
from shared.domain.decision import Reason
from shared.domain.money import ONE, mul_div_floor
from shared.engine.limits import checked
from shared.research.decomposition import TERMS, Decomposition
from shared.research.naive import WIDE, History, copy_all, read_history
from tests.bench.paper_truth import march, split, synthetic
from tests.shared.adapters.replay.files import OTHER, WALLET, Row, lines, row
from tests.shared.research.recording import MARKETS, resolutions, slug, small

UNAVOIDABLE = {
    Reason.COPIED,
    Reason.TOPPED_UP,
    Reason.JOINED_BURST,
    Reason.LEG_OPEN,
    Reason.STALE,
    Reason.OPPOSITE_SIDE,
    Reason.NO_SLEEVE,
    Reason.EXIT_COVERED,
    Reason.BELOW_MINIMUM,
    Reason.MARKET_RESOLVED,
    Reason.MARKET_CLOSED,
    Reason.IN_DOUBT,
}
"""What may keep a naive copy from copying: never a breaker, a cap, a filter or a judgement."""


def copied(folder: Path, rows: list[Row] | None = None) -> History:
    """The small recording, every market resolved to Up, its whale copied."""
    path = lines(folder / "rows.jsonl", small() if rows is None else rows)
    return copy_all(read_history(path, resolutions(folder / "won.parquet", markets=MARKETS + 1)), WALLET)


def bought_by_others(rows: list[Row], price: float) -> list[Row]:
    """The same, but others buy at this price."""
    return [one | {"price": price} if one["wallet"] == OTHER and one["side"] == "BUY" else one for one in rows]


def adds_up(found: Decomposition) -> bool:
    between: int = sum(getattr(found, term) for term in TERMS)
    return found.own == found.copy + between


def test_own_is_the_wallets_profit_and_copy_is_the_ledgers(tmp_path: Path) -> None:
    """It bought 1,000 at 0.50 in six markets that it won, and sold half at 0.60 in three of them."""
    history = copied(tmp_path)
    found = history.decomposed()
    assert found.own == MARKETS * 500_000_000 - MARKETS // 2 * 200_000_000
    assert found.copy == history.realized
    assert found.notional == MARKETS * 500_000_000 + MARKETS // 2 * 300_000_000
    assert adds_up(found)


def test_at_the_wallets_price_only_the_fee_and_what_was_missed_cost(tmp_path: Path) -> None:
    found = copied(tmp_path).decomposed()
    assert (found.delay, found.spread) == (0, 0)
    assert found.fee > 0
    assert found.missed > 0


def test_a_dearer_print_is_spread_for_the_first_fill_and_delay_for_the_next(tmp_path: Path) -> None:
    """At 0.505 a share of 180: the first 60 are above the wallet's own print, the rest above the first fill's."""
    rows = bought_by_others([one for one in small() if one["side"] == "BUY"], 0.505)
    found = copied(tmp_path, rows).decomposed()
    assert found.spread == MARKETS * 60 * 5_000
    assert found.delay == (found.copied // 500_000 - MARKETS * 60) * 5_000
    assert found.delay >= MARKETS * 60 * 5_000
    assert adds_up(found)


def test_prints_beyond_the_slack_fill_nothing_and_all_of_it_is_missed(tmp_path: Path) -> None:
    buys = [one for one in small() if one["side"] == "BUY"]
    found = copied(tmp_path, bought_by_others(buys, 0.6)).decomposed()
    assert (found.fills, found.copy, found.missed) == (0, 0, found.own)
    assert found.missed_by == {"not_filled": found.own}
    assert copied(tmp_path, bought_by_others(buys, 0.505)).decomposed().fills > 0


def test_the_split_can_be_asked_for_some_markets(tmp_path: Path) -> None:
    history = copied(tmp_path)
    one = history.decomposed((slug(0), "unknown"))
    assert one.trades == 1
    assert one.own == 500_000_000
    assert history.decomposed(()).trades == 0


def test_what_is_not_resolved_is_left_out(tmp_path: Path) -> None:
    path = lines(tmp_path / "rows.jsonl", small())
    found = copy_all(read_history(path, resolutions(tmp_path / "won.parquet")), WALLET).decomposed()
    assert found.own == (MARKETS - 1) * 500_000_000 - (MARKETS // 2 - 1) * 200_000_000


def test_the_wide_limits_are_valid_limits() -> None:
    assert checked(WIDE) is WIDE


def test_nothing_stops_a_naive_copy_that_does_not_belong_to_copying(tmp_path: Path) -> None:
    """Sixty lost markets within ten minutes: losses, streaks, rates, caps and positions lie far beyond the usual."""

    def trade(market: int, after: int, **changes: Any) -> Row:
        at = market * 10 + after
        return row(at, slug=slug(market), transactionHash=f"0x{market:02x}{after:062x}", **changes)

    many = 60
    rows = [trade(n, 0, size=20_000.0) for n in range(many)]
    rows += [trade(n, 8, size=20_000.0, wallet=OTHER) for n in range(many)]
    path = lines(tmp_path / "rows.jsonl", rows)
    lost = resolutions(tmp_path / "lost.parquet", "Down", many + 1)
    history = copy_all(read_history(path, lost), WALLET)
    assert {trade.reason for trade in history.trades} == {Reason.COPIED}
    found = history.decomposed()
    assert found.fills == many
    assert found.own == -many * 10_000_000_000
    assert found.copied > mul_div_floor(found.notional, 900_000, ONE)


def test_on_the_synthetic_day_the_copies_of_skilled_wallets_do_not_reproduce_their_profit(tmp_path: Path) -> None:
    generate(1, 12, tmp_path)
    ready, wallets = synthetic(tmp_path)
    best = dict(list(wallets.items())[:2])
    for found in split(ready, best).values():
        assert found.own > 0
        assert found.fills > 50
        assert found.fee > 0
        assert found.copy < found.own
        assert adds_up(found)


def test_on_the_march_recording_the_copy_of_who_gained_most_loses(recordings: Path) -> None:
    ready, wallets = march(recordings)
    best, markets = next(iter(wallets.items()))
    history = copy_all(ready, best)
    found = history.decomposed(markets)
    assert found.own > 0 > found.copy
    assert found.fills > 100
    assert found.fee > 0
    assert adds_up(found)
    assert {trade.reason for trade in history.trades} <= UNAVOIDABLE


@pytest.mark.parametrize("seed", [0, 1])
def test_the_same_seed_gives_the_same_split(tmp_path: Path, seed: int) -> None:
    path = lines(tmp_path / "rows.jsonl", small())
    ready = read_history(path, resolutions(tmp_path / "won.parquet"), seed)
    assert copy_all(ready, WALLET, seed).decomposed() == copy_all(ready, WALLET, seed).decomposed()
