"""Whales: their bursts, holdings, records and confidence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.instants import SECOND
from shared.domain.messages import WhaleTrade
from shared.domain.money import ONE, Fraction, Shares
from shared.domain.order import Side
from shared.domain.whale import RankedWallet, Ranking, Signal
from shared.engine.detection import (
    EDGE_PRIOR_MARKETS,
    WEIGHT_AGREEMENT,
    WEIGHT_FIRST_ENTRY,
    WEIGHT_SCORE,
    WEIGHT_SIZE,
    WEIGHT_VELOCITY,
    Burst,
    Detection,
    DetectionParams,
    signal_of,
)
from tests.shared.engine.builders import NOON, ranked, trade

SELL = Side.SELL


def watching(*wallets: RankedWallet | str) -> Detection:
    detection = Detection(DetectionParams())
    publish(detection, *(wallets or ("whale",)))
    return detection


def publish(detection: Detection, *wallets: RankedWallet | str, keep: tuple[str, ...] = ()) -> None:
    followed = tuple(w if isinstance(w, RankedWallet) else ranked(w, n) for n, w in enumerate(wallets, start=1))
    detection.publish(Ranking(NOON, "test", followed), keep)


def test_a_wallet_that_is_watched_only_brings_no_entries_until_it_is_ranked() -> None:
    detection = watching(RankedWallet("whale", 1, watched_only=True))

    def brings_entries() -> bool:
        return detection.whales["whale"].entries

    assert not brings_entries()
    publish(detection, "whale")
    assert brings_entries()
    publish(detection, RankedWallet("whale", 1, watched_only=True))
    assert not brings_entries()


def see(detection: Detection, row: WhaleTrade, after: int = 0, lag: int = 0) -> Signal:
    at = NOON + after
    return signal_of(detection.observe(detection.whales[row.wallet], row, at - lag, at), row)


def test_the_weights_of_confidence_sum_to_one() -> None:
    assert WEIGHT_SIZE + WEIGHT_VELOCITY + WEIGHT_FIRST_ENTRY + WEIGHT_SCORE + WEIGHT_AGREEMENT == ONE


def test_fills_within_a_minute_of_the_first_join_its_burst() -> None:
    detection = watching()
    first = see(detection, trade())
    joined = see(detection, trade(tx="tx2", price=600_000), after=60 * SECOND)
    after = see(detection, trade(tx="tx3"), after=60 * SECOND + 1)
    assert joined.signal_id == first.signal_id != after.signal_id
    assert (joined.fills, joined.size, joined.last_price) == (2, 2_000 * ONE, 600_000)
    assert joined.notional == 1_100 * ONE
    assert (joined.opened_at, joined.first_tx) == (NOON, "tx1")


@pytest.mark.parametrize("other", [trade("other"), trade(token="m:no"), trade(side=SELL)])
def test_another_wallet_token_or_side_is_another_burst(other: WhaleTrade) -> None:
    detection = watching("whale", "other")
    assert see(detection, trade()).signal_id != see(detection, other).signal_id


def test_a_stale_trade_is_a_burst_of_its_own() -> None:
    detection = watching()
    stale = see(detection, trade(), after=60 * SECOND + 1, lag=60 * SECOND + 1)
    fresh = see(detection, trade(tx="tx2"), after=60 * SECOND + 1)
    assert stale.signal_id != fresh.signal_id
    assert fresh.notional == 500 * ONE
    assert detection.whales["whale"].holdings == {"m:yes": 2_000 * ONE}


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 1_000)), max_size=20))
def test_holdings_are_what_was_bought_less_what_was_sold_and_never_negative(rows: list[tuple[bool, int]]) -> None:
    detection, held = watching(), 0
    for n, (buys, size) in enumerate(rows):
        see(detection, trade(side=Side.BUY if buys else SELL, size=size, tx=f"tx{n}"))
        held = held + size if buys else max(held - size, 0)
        assert detection.whales["whale"].holdings["m:yes"] == held


def test_a_sale_is_a_fraction_of_what_the_whale_held_when_the_burst_began() -> None:
    detection = watching()
    see(detection, trade(size=100 * ONE))
    assert see(detection, trade(side=SELL, size=30 * ONE, tx="s1")).fraction_sold == 300_000
    assert see(detection, trade(side=SELL, size=30 * ONE, tx="s2")).fraction_sold == 600_000
    assert see(detection, trade(side=SELL, size=40 * ONE, tx="s3")).fraction_sold == ONE


def test_a_sale_of_what_we_never_saw_bought_is_a_sale_of_everything() -> None:
    assert see(watching(), trade(side=SELL)).fraction_sold == ONE
    assert see(watching(), trade()).fraction_sold == ONE


# ---------------------------------------------------------------------- confidence


def test_the_first_trade_of_the_first_wallet_is_confident_in_size_entry_and_score() -> None:
    assert see(watching(), trade()).confidence == 650_000


def test_a_small_trade_in_a_known_market_after_a_quick_burst_by_the_last_of_two() -> None:
    detection = watching("best", "whale")
    for n in range(10):
        see(detection, trade(tx=f"tx{n}", size=1_000 * ONE))
    small = see(detection, trade(tx="small", size=ONE), after=61 * SECOND)
    assert small.confidence == 150_000 + 100_000  # velocity in full, half of the score


def test_other_whales_on_the_same_side_within_a_minute_add_agreement() -> None:
    detection = watching("a", "b", "c", "d", "whale")
    for n, wallet in enumerate("abcd"):
        see(detection, trade(wallet, tx=wallet), after=n * SECOND)
    agreed = see(detection, trade(), after=30 * SECOND)
    assert agreed.confidence == 250_000 + 200_000 + 40_000 + 200_000
    alone = see(detection, trade(token="m:no", tx="no"), after=30 * SECOND)
    assert alone.confidence < agreed.confidence


def test_agreement_fades_after_a_minute() -> None:
    detection = watching("a", "whale")
    see(detection, trade("a"))
    assert see(detection, trade(), after=61 * SECOND).confidence == 250_000 + 200_000 + 100_000


def test_a_wallet_that_is_only_kept_for_exits_has_no_score() -> None:
    detection = watching()
    publish(detection, keep=("whale", "held"))
    assert see(detection, trade("held")).confidence == 450_000
    assert not detection.whales["held"].entries


# ---------------------------------------------------------------------- records


def test_a_resolved_market_adds_the_mean_edge_of_its_shares_to_the_record() -> None:
    detection = watching(RankedWallet("whale", 1))
    whale = detection.whales["whale"]
    assert whale.edge() is None
    see(detection, trade(price=400_000, size=100 * ONE))
    see(detection, trade(price=600_000, size=300 * ONE, tx="tx2"))
    detection.resolve("m", {"m:yes": ONE, "m:no": 0})
    assert (whale.n_markets, whale.edge_total) == (1, 450_000)
    assert whale.edge() == 450_000 // (1 + EDGE_PRIOR_MARKETS)
    assert (whale.holdings, whale.bursts, whale.bought) == ({}, {}, {})


def test_a_market_resolved_without_the_token_bought_says_nothing_of_the_wallet() -> None:
    detection = watching(RankedWallet("whale", 1))
    see(detection, trade())
    detection.resolve("m", {"m:no": ONE})
    detection.resolve("elsewhere", {"x": ONE})
    assert detection.whales["whale"].edge() is None


def test_a_new_ranking_keeps_what_was_seen_of_a_wallet_and_takes_its_record() -> None:
    detection = watching("whale", "gone")
    see(detection, trade())
    see(detection, trade("gone", token="g:yes"))
    publish(detection, "new", RankedWallet("whale", 2, 5, 100))
    whale = detection.whales["whale"]
    assert (whale.rank, whale.n_markets, whale.edge_total) == (2, 5, 100)
    assert whale.holdings == {"m:yes": 1_000 * ONE}
    assert list(detection.whales) == ["new", "whale"]
    detection.resolve("g", {"g:yes": ONE})
    detection.resolve("m", {"m:yes": ONE})
    assert whale.n_markets == 6


def test_a_kept_wallet_that_is_ranked_again_may_enter_again() -> None:
    detection = watching()
    publish(detection, keep=("whale",))
    assert not detection.whales["whale"].entries
    publish(detection, "whale", keep=("whale",))
    assert detection.whales["whale"].entries


# ---------------------------------------------------------------------- restored bursts


def restored(opened_at: int, signal_id: str = "stored") -> Burst:
    return Burst(signal_id, opened_at, "tx0", Shares(0), Fraction(0))


@pytest.mark.parametrize("followed_first", [True, False])
def test_a_restored_burst_is_open_as_soon_as_its_wallet_is_followed(followed_first: bool) -> None:
    detection = Detection(DetectionParams())
    if followed_first:
        publish(detection, "whale")
    detection.restore_burst("whale", "m:yes", Side.BUY, restored(NOON))
    publish(detection, "whale")
    assert see(detection, trade(), after=SECOND).signal_id == "stored"


def test_a_restored_burst_does_not_replace_a_later_one_of_its_own() -> None:
    detection = watching()
    later = see(detection, trade(), after=61 * SECOND)
    detection.restore_burst("whale", "m:yes", Side.BUY, restored(NOON))
    assert see(detection, trade(tx="tx2"), after=62 * SECOND).signal_id == later.signal_id
