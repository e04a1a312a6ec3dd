"""What a replay leaves to be drawn: the curve keeps to its step and bound, bets are markets we are done with."""

import itertools
from pathlib import Path

import pytest

from shared.domain.instants import MINUTE
from shared.domain.ledger import Position
from shared.domain.money import Shares, Usd, dollars
from shared.research import curve
from shared.research.curve import BETS_MAX, POINTS_MAX, bets
from tests.shared.adapters.replay.files import OTHER, START_S, WALLET
from tests.shared.research.recording import MARKETS, SPACING_S, replayed, small


def position(market: str, realized: int, changed_at: int, size: int = 0, source: str = WALLET) -> Position:
    return Position(
        "paper",
        f"{market}yes",
        f"whale_copy/{source}",
        market,
        "whale_copy",
        source,
        Shares(size),
        Usd(0),
        dollars(realized),
        0,
        changed_at,
    )


def test_a_market_is_one_bet_in_the_order_in_which_we_were_done_with_it() -> None:
    positions = [
        position("late", 5, 30),
        position("two", 3, 10),
        position("two", -4, 20, source=OTHER),
        position("early", 7, 15),
        position("held", 9, 1, size=1),
        position("held", 9, 40, source=OTHER),
    ]
    assert bets(positions) == [7.0, -1.0, 5.0]


def test_of_many_bets_the_latest_are_kept() -> None:
    found = bets(position(f"m{n}", n, n) for n in range(BETS_MAX + 3))
    assert (len(found), found[0], found[-1]) == (BETS_MAX, 3.0, float(BETS_MAX + 2))


def test_a_replay_leaves_its_curve_from_the_capital_to_the_end(tmp_path: Path) -> None:
    report, _, _ = replayed(tmp_path)
    at, equity = zip(*report.curve, strict=True)
    assert equity[0] == report.capital_usd == 10_000.0
    assert equity[-1] == report.equity_usd
    assert START_S - 60 < at[0] <= at[-1]
    assert all(before < after for before, after in itertools.pairwise(at))
    assert all(moment % (MINUTE // 10**9) == 0 for moment in at[:-1])
    assert len(report.bets_usd) == MARKETS - 1


def test_a_long_replay_has_no_more_points_than_fit(tmp_path: Path) -> None:
    rows = small(2)
    far = {**rows[-1], "timestamp": START_S + 3 * POINTS_MAX * SPACING_S, "transactionHash": "0xfa" + "0" * 62}
    report, _, _ = replayed(tmp_path, [*rows, far])
    assert 2 <= len(report.curve) <= POINTS_MAX + 2


def test_how_many_points_are_taken_does_not_change_what_is_played(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many, _, _ = replayed(tmp_path)
    monkeypatch.setattr(curve, "POINTS_MAX", 2)
    few, _, _ = replayed(tmp_path)
    assert len(few.curve) < len(many.curve)
    assert few.digest == many.digest
