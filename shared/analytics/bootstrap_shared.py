"""Resamples shared by wallets of equal length: many intervals by matrix products.

Wallets with the same number of returns and the same block length use the same block starts. Which of the n positions
begin a block in a resample is then one row of counts for all of them, and the sums that each wallet's statistic needs
are (tables per position) x (counts), a product of matrices in IEEE double precision. Everything else, the statistic
included, is as with resamples of their own (bootstrap.py), and the result for a wallet equals to rounding what
``resample_loop`` finds with the same starts.

Long blocks are few per resample, so looking them up is quicker than multiplying with mostly zeros; wallets without
enough companions are also looked up. Which way is taken is decided by lengths alone.
"""

import itertools
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shared.analytics.bootstrap_loops import block_sums, count_starts, deviation_loop, finish_loop, length_key

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Longs = npt.NDArray[np.uint64]

_FEWEST = 16
"""Wallets from which a product pays; also the number to which a product is filled up with empty ones."""
_LONGEST_BLOCK = 5
"""Up to here, measured: a look-up costs as much as five multiplications, and there are n / block of them."""
_WALLETS = 256
_RESAMPLES = 512
_CELLS = 1 << 19
"""Positions x wallets (or resamples) in one product, at most: 4 MB a table, whatever the length."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is computed: all returns, the rank of the quantile among ``b`` deviations, where the answers go."""

    values: Floats
    offsets: Ints
    b: int
    order: int
    seed: int
    floats: Floats
    ints: Ints


def shared_keys(work: Work, wallets: Ints) -> Longs:
    """The key of its length and block length for each of ``wallets``; 0 for all others."""
    keys = np.zeros(len(work.offsets) - 1, np.uint64)
    known: dict[tuple[int, int], np.uint64] = {}
    lengths = np.diff(work.offsets)
    for wallet in wallets.tolist():
        kind = (int(lengths[wallet]), int(work.ints[0, wallet]))
        if kind not in known:
            known[kind] = np.uint64(length_key(*kind, work.seed))
        keys[wallet] = known[kind]
    return keys


def split(work: Work, wallets: Ints, keys: Longs) -> tuple[list[Ints], Ints]:
    """Groups worth a product, and all other wallets.

    Inside a group wallets stand in the order of ``keys``, made of their values: neither the order of the rows nor the
    names of the wallets can reach the last digit of a product.
    """
    lengths, blocks = np.diff(work.offsets)[wallets], work.ints[0, wallets]
    sorted_ = np.lexsort((keys[wallets], blocks, lengths))
    ordered = wallets[sorted_]
    changes = np.flatnonzero((np.diff(lengths[sorted_]) != 0) | (np.diff(blocks[sorted_]) != 0)) + 1
    groups: list[Ints] = []
    others = [np.empty(0, np.int64)]
    for group in np.split(ordered, changes):
        pays = len(group) >= _FEWEST and work.ints[0, group[0]] <= _LONGEST_BLOCK
        (groups if pays else others).append(group)
    return groups, np.sort(np.concatenate(others))


def by_products(work: Work, group: Ints, pool: ThreadPoolExecutor, cores: int, done: Callable[[int], None]) -> None:
    """Intervals of wallets of one length and one block length. The products use the threads of NumPy's BLAS."""
    n = int(work.offsets[group[0] + 1] - work.offsets[group[0]])
    most = _filled(min(_WALLETS, max(_CELLS // n, 1)))
    for begin in range(0, len(group), most):
        wallets = group[begin : begin + most]
        deviations = _deviations(work, wallets, n, pool, cores)
        _all(
            pool.submit(finish_loop, wallets[part], deviations[part], work.order, work.floats, work.ints)
            for part in _parts(len(wallets), cores)
        )
        done(len(wallets))


def _deviations(work: Work, wallets: Ints, n: int, pool: ThreadPoolExecutor, cores: int) -> Floats:
    """(wallets, b) deviations, from products of tables (wallets x 4 or 5, n) with counts (n, resamples)."""
    block = int(work.ints[0, wallets[0]])
    key = np.uint64(length_key(n, block, work.seed))
    kinds = 4 if block == 1 else 5
    tables = np.zeros((_filled(len(wallets)), kinds, n))
    parts = _parts(len(wallets), cores)
    _all(pool.submit(block_sums, work.values, work.offsets, wallets[one], block, tables[one]) for one in parts)
    deviations = np.empty((len(wallets), work.b))
    thetas = work.floats[0, wallets]
    step = min(_RESAMPLES, max(_CELLS // n, 1))
    for begin in range(0, work.b, step):
        counts = np.empty((min(step, work.b - begin), n))
        _all(
            pool.submit(count_starts, key, n // block, begin + one.start, counts[one])
            for one in _parts(len(counts), cores)
        )
        sums = tables.reshape(-1, n) @ counts.T
        rows = [slice(one.start * kinds, one.stop * kinds) for one in parts]
        _all(
            pool.submit(deviation_loop, thetas[one], sums[row], n // block, block, begin, deviations[one])
            for one, row in zip(parts, rows, strict=True)
        )
    return deviations


def _filled(count: int) -> int:
    return -(-count // _FEWEST) * _FEWEST


def _parts(count: int, cores: int) -> list[slice]:
    edges = [count * core // cores for core in range(cores + 1)]
    return [slice(first, last) for first, last in itertools.pairwise(edges) if last > first]


def _all(futures: Iterable[Future[None]]) -> None:
    for future in list(futures):
        future.result()
