"""The table of the benchmark: limits, peers and dollars stand beside the figures."""

from pathlib import Path

import polars as pl

from shared.domain.messages import BookChange, BookSnapshot, Event, TimerFired, TimerKind
from shared.domain.order import Side
from shared.research.decomposition import Decomposition
from tests.bench import peer
from tests.bench.__main__ import LEAST_MARCH, LEAST_SYNTHETIC
from tests.bench.books_replay import LEAST_UPDATES
from tests.bench.paper_truth import gained, told
from tests.bench.table import line, row, verdict


def test_a_figure_below_its_limit_is_marked_and_one_at_it_is_not() -> None:
    assert verdict(row("x", 200_000, "events/s", least=200_000)) == " [at least 200,000]"
    assert verdict(row("x", 199_999, "events/s", least=200_000)) == " [at least 200,000: MISSED]"
    assert verdict(row("x", 1, "events/s")) == ""


def test_every_limit_of_the_issue_is_there() -> None:
    assert (LEAST_SYNTHETIC, LEAST_MARCH, LEAST_UPDATES) == (200_000, 40_000, 300_000)


def test_a_peer_and_dollars_stand_beside_a_figure() -> None:
    assert line(row("x", 300, "updates/s", peer="peer: 200", peer_value=200), 3) == (
        "x         300.000  updates/s   1.5x peer: 200"
    )
    assert line(row("x", -1.5, "bp", dollars=-12.345), 3) == "x          -1.500  bp   $-12.35"


def test_the_peer_gets_every_level_of_ours_once_and_in_order(tmp_path: Path) -> None:
    snapshot = BookSnapshot("m", "t", ((400_000, 10_000_000), (390_000, 20_000_000)), ((600_000, 5_000_000),))
    events = [
        Event(1, 100, 90, "market", snapshot),
        Event(2, 200, 190, "market", BookChange("m", "t", Side.BUY, 400_000, 0)),
        Event(3, 200, 190, "market", BookChange("m", "t", Side.SELL, 590_000, 1_000_000)),
        Event(4, 200, 190, "market", TimerFired(TimerKind.ORDER_EXPIRY, "y")),
        Event(5, 200, 190, "market", BookChange("m", "u", Side.SELL, 590_000, 1_000_000)),
    ]
    assert peer.write_updates(tmp_path / "updates.parquet", events) == 6
    assert pl.read_parquet(tmp_path / "updates.parquet").rows() == [
        (1, "t", 100, True, True, 0.4, 10.0),
        (1, "t", 100, False, True, 0.39, 20.0),
        (1, "t", 100, False, False, 0.6, 5.0),
        (2, "t", 200, False, True, 0.4, 0.0),
        (2, "t", 200, False, False, 0.59, 1.0),
        (3, "u", 200, False, False, 0.59, 1.0),
    ]


def test_who_gained_is_asked_of_markets_that_are_wholly_known() -> None:
    facts = [
        ("a", "m1", True, False, 5),
        ("a", "m2", True, False, -4),
        ("a", "m3", True, True, -100),
        ("a", "m4", False, False, -100),
        ("b", "m1", True, False, 2),
        ("c", "m1", True, False, 0),
    ]
    columns = ["wallet", "market", "resolved", "incomplete_history", "pnl_micro"]
    assert gained(pl.DataFrame(facts, columns, orient="row")) == {"b": ("m1",), "a": ("m1", "m2")}


def test_the_split_is_told_for_all_wallets_and_each() -> None:
    one = Decomposition(
        10_000_000, 5_000_000, 1_000_000, 400_000, 300_000, 100_000, 50_000, 150_000, 2, 1, {"x": 400_000}
    )
    lines = told("a world", {"0x0123456789abcdef": one})
    assert [(str(found["name"]), found["value"], found["dollars"]) for found in lines] == [
        ("naive copies of 1 wallets that gained, a world: own", 1000.0, 1.0),
        ("naive copies of 1 wallets that gained, a world: missed (x $0)", 400.0, 0.4),
        ("naive copies of 1 wallets that gained, a world: delay", 300.0, 0.3),
        ("naive copies of 1 wallets that gained, a world: spread", 100.0, 0.1),
        ("naive copies of 1 wallets that gained, a world: fee", 50.0, 0.05),
        ("naive copies of 1 wallets that gained, a world: copy (50% of the notional copied)", 150.0, 0.15),
        ("  0x01234567, own", 1000.0, 1.0),
        ("  0x01234567, copy", 150.0, 0.15),
    ]
