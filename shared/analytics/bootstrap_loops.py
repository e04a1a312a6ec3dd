"""The compiled loops of bootstrap.py; what they compute is described there.

Returns are standardised first, z = (x - mu) / sigma, which changes no ratio and keeps sums of powers accurate. A block
enters a resample only by A = sum of z and C = sum of z^2 over its returns, so both are tabulated per starting position
and a resample costs n / b look-ups. With a* = A's mean per return, v* = variance, s* = sqrt(v*) of a resample:

    theta* = (mu / sigma + a*) / s*,
    sum of psi* over a block = alpha A + beta C + kappa,   alpha = 1 / s* + theta* a* / v*,  beta = -theta* / (2 v*),
    kappa = -b a* alpha + b (theta* a*^2 / v* / 2 + theta* / 2),

and the squared error is the sum over blocks of its square, / m^2 with m = l b returns. So a resample enters only by
five sums over its blocks, of A, C, A^2, AC and C^2: added up block by block, or, where wallets share resamples, found
as a matrix product (how often each position begins a block) x (the tables per position).
"""

import math

import numpy as np
import numpy.typing as npt

from shared.analytics.compiled import compiled, compiled_sum

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint32]
Longs = npt.NDArray[np.uint64]

_NO_VARIANCE = 1e-12
"""Variance / mean square below which float64 cannot tell a variance from rounding."""
_MIN_BLOCKS = 10
"""A chosen block is at most n / 10 returns: the block error is a variance over blocks and needs some of them."""
_MAX_AR = 0.97
"""Andrews & Monahan (1992), section 3: the prewhitening coefficient is kept this far from a unit root."""


@compiled
def _mix(word: np.uint64) -> np.uint64:
    """The finaliser of SplitMix64 (Steele, Lea & Flood 2014): a bijection of 64 bits that looks random."""
    z = word + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@compiled
def _wallet_key(x: Floats, seed: int) -> np.uint64:
    """A key of the values alone: neither a wallet's name nor its place among others can change its resamples."""
    key = _mix(np.uint64(seed))
    for bits in (x + 0.0).view(np.uint64):  # + 0.0 makes -0.0 and 0.0 one value
        key = _mix(key ^ bits)
    return key


@compiled
def length_key(n: int, block: int, seed: int) -> np.uint64:
    """The key of all wallets with n returns and this block length, where they share resamples."""
    return _mix(_mix(_mix(np.uint64(seed)) ^ np.uint64(n)) ^ np.uint64(block))


@compiled
def _draw_starts(key: np.uint64, n: int, starts: Words) -> None:
    """Fill with positions in 0..n-1: a counter hashed under a 64-bit key, one multiplication maps it to the range.

    Two rounds of multiply and xor-shift on 32-bit words (constants found by an avalanche search, Ettinger 2018),
    because 32-bit lanes fill a vector register; the share of a position is off by at most n / 2^32.
    """
    low = np.uint32(key & np.uint64(0xFFFFFFFF))
    high = np.uint32(key >> np.uint64(32))
    size = np.uint64(n)
    for j in range(starts.size):
        h = np.uint32(np.uint32(j) * np.uint32(0x9E3779B9) + low)
        h = np.uint32(h ^ (h >> np.uint32(16)))
        h = np.uint32(h * np.uint32(0x21F0AAAD))
        h = np.uint32(h ^ high ^ (h >> np.uint32(15)))
        h = np.uint32(h * np.uint32(0xD35A2D97))
        h = np.uint32(h ^ (h >> np.uint32(15)))
        starts[j] = np.uint32((np.uint64(h) * size) >> np.uint64(32))


@compiled_sum
def _dot(x: Floats, y: Floats) -> float:
    total = 0.0
    for i in range(x.size):
        total += x[i] * y[i]
    return total


@compiled_sum
def _sums_of_singles(z: Floats, starts: Words) -> tuple[float, float, float, float, float]:
    """Sums of A, C, AA, AC, CC over blocks of length one, where A = z and C = z^2."""
    s1, s2, s3, s4 = 0.0, 0.0, 0.0, 0.0
    for j in range(starts.size):
        a = z[starts[j]]
        c = a * a
        s1 += a
        s2 += c
        s3 += a * c
        s4 += c * c
    return s1, s2, s2, s3, s4


@compiled_sum
def _sums_of_blocks(first: Floats, second: Floats, starts: Words) -> tuple[float, float, float, float, float]:
    """Sums of A, C, AA, AC, CC over the blocks that begin at ``starts``."""
    sa, sc, saa, sac, scc = 0.0, 0.0, 0.0, 0.0, 0.0
    for j in range(starts.size):
        a = first[starts[j]]
        c = second[starts[j]]
        sa += a
        sc += c
        saa += a * a
        sac += a * c
        scc += c * c
    return sa, sc, saa, sac, scc


@compiled
def _block_tables(z: Floats, block: int) -> tuple[Floats, Floats]:
    n = z.size
    first = np.zeros(n)
    second = np.zeros(n)
    for start in range(n):
        for step in range(block):
            value = z[(start + step) % n]
            first[start] += value
            second[start] += value * value
    return first, second


@compiled
def block_length(psi: Floats) -> float:
    """Politis & White's (2004, corrected 2009) length of circular blocks for a series of mean zero; not rounded.

    The first 5 insignificant autocorrelations in a row end the window (their rule with c = 2), flat-top weights.
    """
    n = psi.size
    if n < 9:
        return 1.0
    run = max(5, int(math.log10(n)))
    last = min(math.ceil(math.sqrt(n)) + run, n - 2)
    bound = 2.0 * math.sqrt(math.log10(n) / n)
    covariance = np.zeros(last + 1)
    small = np.zeros(last + 1, dtype=np.bool_)
    for lag in range(last + 1):
        product = _dot(psi[lag:], psi[: n - lag])
        covariance[lag] = product / n
        # As in arch, the reference implementation: each norm leaves one return more out than the product does.
        norms = _dot(psi[lag + 1 :], psi[lag + 1 :]) * _dot(psi[: n - lag - 1], psi[: n - lag - 1])
        small[lag] = abs(product) < bound * math.sqrt(norms)
    window = last
    for lag in range(run, last + 1):
        if np.all(small[lag - run : lag]):
            window = min(2 * max(lag - run, 1), last)
            break
    slope = 0.0
    spectrum = covariance[0]
    for lag in range(1, window + 1):
        weight = min(1.0, 2.0 * (1.0 - lag / window))
        slope += 2.0 * weight * lag * covariance[lag]
        spectrum += 2.0 * weight * covariance[lag]
    longest = float(math.ceil(min(3.0 * math.sqrt(n), n / 3.0)))
    if spectrum == 0.0:
        return longest
    return float(min((1.5 * slope**2 / spectrum**2 * n) ** (1.0 / 3.0), longest))


@compiled
def long_run_variance(psi: Floats) -> float:
    """Long-run variance of a series of mean zero: AR(1)-prewhitened quadratic-spectral kernel, automatic bandwidth.

    Andrews & Monahan (1992), with the plug-in of Andrews (1991): alpha(2) = 4 a^2 / (1 - a)^4, bandwidth 1.3221
    (alpha(2) n)^(1/5); times n / (n - 2) for the two estimated moments.
    """
    n = psi.size
    whitener = _dot(psi[1:], psi[:-1]) / _dot(psi[:-1], psi[:-1])
    whitener = min(max(whitener, -_MAX_AR), _MAX_AR)
    e = psi[1:] - whitener * psi[:-1]
    size = e.size
    variance = _dot(e, e)
    if not variance > 0.0:
        return 0.0
    a = _dot(e[1:], e[:-1]) / variance
    a = min(max(a, -_MAX_AR), _MAX_AR)
    bandwidth = 1.3221 * (4.0 * a**2 / (1.0 - a) ** 4 * size) ** 0.2
    total = variance
    if bandwidth > 1e-6:  # below, every weight is under 1e-12
        for lag in range(1, size):
            x = lag / bandwidth
            angle = 1.2 * math.pi * x
            weight = 25.0 / (12.0 * math.pi**2 * x**2) * (math.sin(angle) / angle - math.cos(angle))
            total += 2.0 * weight * _dot(e[lag:], e[: size - lag])
    return float(max(total, 0.0) / size / (1.0 - whitener) ** 2 * n / (n - 2))


@compiled
def _standardised(x: Floats, z: Floats) -> float:
    """Fills z = (x - mu) / sigma and returns mu / sigma; NaN, and z as it was, without variance."""
    mean = x.mean()
    deviation = math.sqrt(np.mean((x - mean) ** 2))
    if not deviation**2 > _NO_VARIANCE * np.mean(x**2):
        return np.nan
    z[:] = (x - mean) / deviation
    return float(mean / deviation)


@compiled
def _original(x: Floats, fixed_block: int, z: Floats) -> tuple[float, float, int]:
    """Ratio, error and block length of one wallet; fills z. Error infinite where there is none."""
    n = x.size
    theta = _standardised(x, z) if n >= 2 else np.nan
    if math.isnan(theta):
        return np.nan, np.inf, 1
    psi = z - theta / 2.0 * (z**2 - 1.0)
    block = min(fixed_block, n)
    if fixed_block == 0:
        block = max(1, min(int(block_length(psi) + 0.5), n // _MIN_BLOCKS))
    power = np.mean(psi**2)
    if n < 4 or not power > _NO_VARIANCE:
        return theta, np.inf, block
    error = math.sqrt(long_run_variance(psi) / n)
    return theta, error if error > 0.0 else np.inf, block


@compiled
def _resampled(
    theta: float, sums: tuple[float, float, float, float, float], count: int, block: int
) -> tuple[float, float]:
    """Ratio and block error of one resample of ``count`` blocks; (NaN, NaN) without variance."""
    sa, sc, saa, sac, scc = sums
    m = count * block
    a = sa / m
    square = sc / m
    v = square - a * a
    if not v > _NO_VARIANCE * square:
        return np.nan, np.nan
    s = math.sqrt(v)
    ratio = (theta + a) / s
    alpha = 1.0 / s + ratio * a / v
    beta = -ratio / (2.0 * v)
    kappa = block * (ratio / 2.0 * (1.0 + a * a / v) - a * alpha)
    constant = count * kappa * kappa
    total = alpha * alpha * saa + 2.0 * alpha * beta * sac + beta * beta * scc
    total += 2.0 * kappa * (alpha * sa + beta * sc) + constant
    # Blocks that are all alike (one block, say) show no error: exactly 0, not the rounding of terms that cancel.
    if not total > _NO_VARIANCE * (alpha * alpha * saa + beta * beta * scc + constant):
        total = 0.0
    return ratio, math.sqrt(total) / m


@compiled
def _resample_all(
    theta: float, z: Floats, block: int, key: np.uint64, ratios: Floats, errors: Floats, starts: Ints
) -> None:
    """Fill ratio and error of each resample. ``starts`` is filled where it has rows."""
    n = z.size
    count = n // block
    drawn = np.empty(count, np.uint32)
    first, second = z, z
    if block > 1:
        first, second = _block_tables(z, block)
    for r in range(ratios.size):
        _draw_starts(_mix(key + np.uint64(r)), n, drawn)
        if r < starts.shape[0]:
            starts[r] = drawn
        sums = _sums_of_singles(z, drawn) if block == 1 else _sums_of_blocks(first, second, drawn)
        ratios[r], errors[r] = _resampled(theta, sums, count, block)


@compiled
def resample_loop(
    x: Floats, b: int, seed: int, fixed_block: int, shared: bool
) -> tuple[Ints, Floats, Floats, float, float, int]:
    """Starts, ratios and errors of all resamples of one wallet, then its ratio, error and block length."""
    z = np.empty(x.size)
    theta, error, block = _original(x, fixed_block, z)
    ratios = np.empty(b)
    errors = np.empty(b)
    starts = np.empty((b, x.size // block), np.int64)
    key = length_key(x.size, block, seed) if shared else _wallet_key(x, seed)
    _resample_all(theta, z, block, key, ratios, errors, starts)
    return starts, ratios, errors, theta, error, block


@compiled
def _deviation(theta: float, ratio: float, error: float) -> float:
    """|theta* - theta| / error*; infinite without error, NaN without variance."""
    if error > 0.0:
        return abs((ratio - theta) / error)
    return np.nan if math.isnan(ratio) else np.inf


@compiled
def _finish(deviations: Floats, order: int, wallet: int, floats: Floats, ints: Ints) -> None:
    """Error, ends and degenerate resamples of a wallet from its deviations; infinite where their quantile is."""
    ints[1, wallet] = np.isnan(deviations).sum()
    reach = np.inf if ints[1, wallet] > 0 else np.partition(deviations, order)[order]
    theta, error = floats[0, wallet], floats[1, wallet]
    if reach < np.inf:
        floats[2, wallet] = theta - reach * error
        floats[3, wallet] = theta + reach * error
    else:
        floats[1:, wallet] = (np.inf, -np.inf, np.inf)


@compiled
def original_loop(
    values: Floats, offsets: Ints, wallets: Ints, seed: int, fixed_block: int, floats: Floats, ints: Ints, keys: Longs
) -> None:
    """Of these wallets rows ratio and error of ``floats``, block length of ``ints``, ``keys``; the rest says nothing.

    ``fixed_block`` 0 chooses the length from the data; the error is infinite where there is nothing to resample.
    """
    for wallet in wallets:
        x = values[offsets[wallet] : offsets[wallet + 1]]
        floats[2:, wallet] = (-np.inf, np.inf)
        ints[1, wallet] = 0
        keys[wallet] = _wallet_key(x, seed)
        floats[0, wallet], floats[1, wallet], ints[0, wallet] = _original(x, fixed_block, np.empty(x.size))


@compiled
def interval_loop(
    values: Floats, offsets: Ints, wallets: Ints, keys: Longs, b: int, order: int, floats: Floats, ints: Ints
) -> None:
    """Of these wallets, all of finite error, rows low and high of ``floats`` and degenerate resamples of ``ints``.

    ``keys`` say which resamples a wallet draws, ``order`` is the zero-based rank of the quantile among b deviations.
    """
    ratios = np.empty(b)
    errors = np.empty(b)
    kept = np.empty((0, 0), np.int64)
    for wallet in wallets:
        x = values[offsets[wallet] : offsets[wallet + 1]]
        z = np.empty(x.size)
        theta = _standardised(x, z)
        _resample_all(theta, z, ints[0, wallet], keys[wallet], ratios, errors, kept)
        for r in range(b):
            ratios[r] = _deviation(theta, ratios[r], errors[r])
        _finish(ratios, order, wallet, floats, ints)


@compiled
def count_starts(key: np.uint64, blocks: int, begin: int, counts: Floats) -> None:
    """How often each position (column) begins one of the ``blocks`` of resample ``begin`` and those after it (rows)."""
    counts[:] = 0.0
    n = counts.shape[1]
    drawn = np.empty(blocks, np.uint32)
    for row in range(counts.shape[0]):
        _draw_starts(_mix(key + np.uint64(begin + row)), n, drawn)
        for start in drawn:
            counts[row, start] += 1.0


@compiled
def block_sums(values: Floats, offsets: Ints, wallets: Ints, block: int, tables: Floats) -> None:
    """Fill tables[i, :, start] with A, C, AC, CC, AA of the block that begins there, of the i-th of these wallets.

    Blocks of one return have AA = C, and tables of four rows only.
    """
    z = np.empty(tables.shape[2])
    for i in range(wallets.size):
        _standardised(values[offsets[wallets[i]] : offsets[wallets[i] + 1]], z)
        first, second = _block_tables(z, block)
        tables[i, 0] = first
        tables[i, 1] = second
        tables[i, 2] = first * second
        tables[i, 3] = second * second
        if tables.shape[1] > 4:
            tables[i, 4] = first * first


@compiled
def deviation_loop(thetas: Floats, sums: Floats, count: int, block: int, begin: int, deviations: Floats) -> None:
    """Fill deviations[i, begin:] from the sums of ``block_sums`` over the ``count`` blocks of a resample.

    ``sums`` has one row per wallet and table, one column per resample.
    """
    kinds = sums.shape[0] // thetas.size
    squares = 4 if kinds > 4 else 1
    for i in range(thetas.size):
        of = sums[i * kinds : (i + 1) * kinds]
        for r in range(sums.shape[1]):
            five = (of[0, r], of[1, r], of[squares, r], of[2, r], of[3, r])
            ratio, error = _resampled(thetas[i], five, count, block)
            deviations[i, begin + r] = _deviation(thetas[i], ratio, error)


@compiled
def finish_loop(wallets: Ints, deviations: Floats, order: int, floats: Floats, ints: Ints) -> None:
    """Fill error, ends and degenerate resamples of these wallets from their rows of ``deviations``."""
    for i in range(wallets.size):
        _finish(deviations[i], order, wallets[i], floats, ints)
