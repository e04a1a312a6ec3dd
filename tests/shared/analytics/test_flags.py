from pathlib import Path

import polars as pl
import pytest

from shared.adapters.scores.activity import read_activity
from shared.adapters.synthetic import generate
from shared.analytics.flags import flag_wallets
from shared.domain.errors import BadInput
from tests.shared.analytics.world import START, fill, frame


def flags_of(rows: list[dict[str, object]]) -> dict[str, tuple[bool, bool, str]]:
    table = flag_wallets(frame(rows))
    return {row["wallet"]: (row["market_maker"], row["wash_trading"], row["evidence"]) for row in table.to_dicts()}


def test_a_wallet_that_pairs_both_outcomes_makes_markets() -> None:
    rows = []
    for m in range(8):
        rows += [fill("maker", f"m{m}", START + m, outcome=side) for side in ("Yes", "No")]
        rows += [fill("taker", f"m{m}", START + m, outcome="Yes")]
    found = flags_of(rows)
    assert found["maker"] == (True, False, "100% of what it bought is paired with the other outcome")
    assert found["taker"] == (False, False, "")


def test_a_wallet_that_keeps_turning_round_makes_markets_and_one_that_exits_does_not() -> None:
    rows = []
    for m in range(8):
        for turn in range(6):
            side = "BUY" if turn % 2 == 0 else "SELL"
            rows.append(fill("maker", f"m{m}", START + 300 * turn, side, price=0.5 + 0.02 * (turn % 2), size=9 + turn))
        rows.append(fill("holder", f"m{m}", START, "BUY", price=0.4))
        rows.append(fill("holder", f"m{m}", START + 900, "SELL", price=0.6))
    found = flags_of(rows)
    assert found["maker"][:2] == (True, False)
    assert found["holder"][:2] == (False, False)


def test_maker_rebates_are_evidence() -> None:
    rows = [fill("maker", "", START + day, "", kind="MAKER_REBATE") for day in range(3)]
    assert flags_of([*rows, fill("maker", "m", START)])["maker"] == (True, False, "3 maker rebates")


def test_trading_with_itself_in_one_transaction_is_wash_trading() -> None:
    rows = []
    for m in range(12):
        rows += [fill("washer", f"m{m}", START + m, side, tx=f"t{m}") for side in ("BUY", "SELL")]
        rows.append(fill("other", f"m{m}", START + m))
    found = flags_of(rows)
    assert found["washer"][1]
    assert "with itself" in found["washer"][2]
    assert not found["other"][1]


def test_two_wallets_that_face_each_other_both_ways_are_a_ring() -> None:
    rows = []
    for m in range(20):
        buyer, seller = ("ann", "bob") if m % 2 else ("bob", "ann")
        rows += [fill(buyer, f"m{m}", START + m, tx=f"t{m}"), fill(seller, f"m{m}", START + m, "SELL", tx=f"t{m}")]
    found = flags_of(rows)
    assert found["ann"][1]
    assert found["bob"][2].endswith("faces ann")


def test_customers_of_one_market_maker_are_no_ring() -> None:
    rows = []
    for m in range(200):
        customer, side = f"c{m % 10}", "BUY" if (m // 10) % 2 else "SELL"
        other = "SELL" if side == "BUY" else "BUY"
        rows += [
            fill(customer, f"m{m}", START + m, side, tx=f"t{m}"),
            fill("maker", f"m{m}", START + m, other, tx=f"t{m}"),
        ]
    assert not any(washing for _, washing, _ in flags_of(rows).values())


def test_volume_that_is_undone_within_a_minute_is_wash_trading() -> None:
    rows = []
    for m in range(12):
        rows += [fill("churner", f"m{m}", START, "BUY"), fill("churner", f"m{m}", START + 30, "SELL")]
        rows += [
            fill("trader", f"m{m}", START, "BUY", price=0.4),
            fill("trader", f"m{m}", START + 30, "SELL", price=0.6),
        ]
    found = flags_of(rows)
    assert found["churner"][1]
    assert not found["trader"][1]


def test_the_order_of_the_rows_does_not_matter() -> None:
    rows = [fill(f"w{n % 7}", f"m{n % 5}", START + n // 2, "BUY" if n % 3 else "SELL", size=5 + n) for n in range(200)]
    table = frame(rows)
    assert flag_wallets(table).equals(flag_wallets(table.sample(fraction=1.0, shuffle=True, seed=3)))


def test_a_missing_column_is_named() -> None:
    with pytest.raises(BadInput, match="fills lacks the column 'tx'"):
        flag_wallets(frame([fill("a", "m", START)]).drop("tx"))


def test_on_a_day_whose_truth_is_known_makers_and_washers_are_found_and_few_others_accused(tmp_path: Path) -> None:
    generate(4, 8.0, tmp_path / "day")
    flagged = flag_wallets(read_activity([tmp_path / "day" / "trades.parquet"]).fills)
    truth = pl.read_parquet(tmp_path / "day" / "truth.parquet").join(flagged, on="wallet")
    for flag, role in (("market_maker", "market_maker"), ("wash_trading", "wash")):
        right = truth.filter(pl.col(flag) & (pl.col("role") == role)).height
        assert right >= 0.9 * truth.filter(pl.col("role") == role).height
        assert right >= 0.8 * truth.filter(flag).height
