"""Shared resamples: the same interval as one wallet at a time, for any company, order and number of threads."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.analytics.bootstrap import SharpeIntervals, resamples, sharpe_interval
from shared.analytics.bootstrap_shared import Work, split
from tests.shared.analytics.oracles import oracle_ends, ragged, some_returns

Floats = npt.NDArray[np.float64]
NAMES = ("sharpe", "se", "low", "high", "block", "degenerate")


def assert_same(got: SharpeIntervals, wallets: list[Floats], b: int, seed: int, block: int | None) -> None:
    """Each wallet as if it were alone, where its resamples are looked up one by one."""
    for i, x in enumerate(wallets):
        alone = sharpe_interval(x, np.array([0, len(x)]), b=b, seed=seed, block=block, shared=True)
        for name in NAMES:
            np.testing.assert_allclose(
                getattr(got, name)[i], getattr(alone, name)[0], rtol=0, atol=1e-9, err_msg=f"{name} of wallet {i}"
            )


@pytest.mark.parametrize("block", [None, 1, 2, 5, 7])
def test_each_interval_equals_the_one_computed_alone_with_the_same_resamples(block: int | None) -> None:
    lengths = np.random.default_rng(1).choice([20, 60, 61, 250, 983], 110)
    wallets = [some_returns(int(n), seed=i, carry=0.3 * (i % 2)) for i, n in enumerate(lengths)]
    assert_same(sharpe_interval(*ragged(wallets), b=199, seed=3, block=block, shared=True), wallets, 199, 3, block)


@pytest.mark.parametrize(("count", "n", "b"), [(530, 12, 1999), (16, 3001, 399)])
def test_products_in_several_pieces_equal_the_look_up(count: int, n: int, b: int) -> None:
    """More wallets, more resamples or longer tables than one product holds."""
    wallets = [some_returns(n, seed=i) for i in range(count)]
    got = sharpe_interval(*ragged(wallets), b=b, block=1, shared=True)
    some = [*range(0, count, 37), count - 1]
    picked = SharpeIntervals(*(getattr(got, name)[some] for name in SharpeIntervals.__slots__))
    assert_same(picked, [wallets[i] for i in some], b, 0, 1)


@pytest.mark.parametrize("block", [1, 3])
def test_intervals_by_products_agree_with_arch_on_the_same_resamples(block: int) -> None:
    wallets = [some_returns(67, seed=i, carry=0.3) for i in range(20)]
    got = sharpe_interval(*ragged(wallets), b=199, seed=6, block=block, shared=True)
    for i in (0, 9, 19):
        drawn = resamples(wallets[i], b=199, seed=6, block=block, shared=True)
        np.testing.assert_allclose((got.low[i], got.high[i]), oracle_ends(wallets[i], drawn, 0.95), rtol=0, atol=1e-9)


@settings(max_examples=25)
@given(
    st.integers(0, 10_000), st.sampled_from([4, 9, 25, 40]), st.sampled_from([None, 1, 2]), st.sampled_from([0.5, 0.9])
)
def test_bets_with_few_losses_are_as_infinite_together_as_alone(
    seed: int, n: int, block: int | None, price: float
) -> None:
    wins = np.random.default_rng(seed).random((24, n)) < price
    wallets = list(wins / price - 1)
    assert_same(sharpe_interval(*ragged(wallets), b=99, seed=seed, block=block, shared=True), wallets, 99, seed, block)


def test_neither_the_order_of_wallets_nor_threads_change_a_digit() -> None:
    rng = np.random.default_rng(2)
    wallets = [some_returns(int(n), seed=i) for i, n in enumerate(rng.choice([20, 50, 51, 300], 150))]
    order = rng.permutation(len(wallets))
    one = sharpe_interval(*ragged(wallets), b=599, threads=1, shared=True)
    two = sharpe_interval(*ragged(wallets), b=599, threads=3, shared=True)
    mixed = sharpe_interval(*ragged([wallets[i] for i in order]), b=599, threads=2, shared=True)
    for name in NAMES:
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
        np.testing.assert_array_equal(getattr(one, name)[order], getattr(mixed, name))


def test_only_wallets_of_one_length_and_block_length_share_their_resamples() -> None:
    a, b, longer = some_returns(90, seed=1), some_returns(90, seed=2), some_returns(91, seed=1)

    def starts(x: Floats, block: int = 2, seed: int = 0, shared: bool = True) -> list[list[int]]:
        rows: list[list[int]] = resamples(x, b=19, seed=seed, block=block, shared=shared).starts.tolist()
        return rows

    assert starts(a) == starts(b)
    assert starts(a, shared=False) != starts(b, shared=False)
    assert starts(a, seed=1) != starts(a)
    assert [row[:30] for row in starts(a, block=3)] != [row[:30] for row in starts(a)]
    assert [row[:45] for row in starts(longer)] != starts(a)


def test_only_short_blocks_in_enough_company_are_multiplied() -> None:
    lengths = np.array([30] * 16 + [31] * 15 + [60] * 20)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    blocks = np.where(lengths == 60, 6, 1)
    work = Work(np.zeros(offsets[-1]), offsets, 19, 18, 0, np.zeros((4, 51)), np.array([blocks, blocks]))
    keys = np.random.default_rng(0).permutation(51).astype(np.uint64)
    groups, others = split(work, np.arange(51), keys)
    assert [sorted(group.tolist()) for group in groups] == [list(range(16))]
    assert keys[groups[0]].tolist() == sorted(keys[:16].tolist())
    assert others.tolist() == list(range(16, 51))


def test_progress_counts_every_wallet_once() -> None:
    told: list[int] = []
    wallets = [some_returns(40, seed) for seed in range(300)] + [np.ones(3)] * 4 + [some_returns(77, 1)]
    sharpe_interval(*ragged(wallets), b=99, block=1, progress=told.append, shared=True)
    assert told == sorted(told)
    assert told[-1] == 305
    assert len(told) > 2


def test_no_wallets_is_an_empty_answer() -> None:
    assert len(sharpe_interval(np.array([]), np.array([0]), shared=True).low) == 0
