import numpy as np
import polars as pl
import pytest

from shared.analytics.entries import first_entries
from tests.shared.analytics.world import START, fill, frame

WINNERS = pl.DataFrame({"market": ["m"], "winner": ["Yes"]})


def test_the_first_purchase_is_the_bet_whatever_follows() -> None:
    rows = [fill("a", "m", START, price=0.5), fill("a", "m", START + 60, outcome="No", price=0.9, size=100)]
    entry = first_entries(frame(rows), WINNERS).row(0, named=True)
    assert (entry["entry_price"], entry["entry_won"], entry["entry_ts"]) == (0.5, 1.0, START)


def test_fills_of_one_second_are_one_purchase_at_their_mean_price() -> None:
    rows = [fill("a", "m", START, price=0.4, size=30), fill("a", "m", START, price=0.6, size=10)]
    assert first_entries(frame(rows), WINNERS)["entry_price"].item() == pytest.approx(0.45)


def test_both_outcomes_in_one_second_are_no_bet_and_neither_is_a_market_without_a_winner() -> None:
    rows = [fill("a", "m", START), fill("a", "m", START, outcome="No"), fill("a", "open", START)]
    assert first_entries(frame(rows), WINNERS).is_empty()


def test_a_hedger_without_an_edge_wins_as_often_as_it_pays_for() -> None:
    # Buys at 0.50; when the price falls to 0.10 it buys nine times as much of the other outcome at 0.90.
    rng = np.random.default_rng(0)
    rows, winners = [], []
    for n in range(4000):
        rises = rng.random() < 0.5
        yes = rng.random() < (0.9 if rises else 0.1)
        rows.append(fill("hedger", f"m{n}", START, price=0.5, size=10))
        if not rises:
            rows.append(fill("hedger", f"m{n}", START + 60, outcome="No", price=0.9, size=90))
        winners.append("Yes" if yes else "No")
    table = first_entries(frame(rows), pl.DataFrame({"market": [f"m{n}" for n in range(4000)], "winner": winners}))
    edge = table["entry_won"] - table["entry_price"]
    assert abs(edge.sum()) < 3 * np.sqrt(4000 * 0.25)
