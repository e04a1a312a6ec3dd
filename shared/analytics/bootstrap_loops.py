"""The compiled loops of bootstrap.py; what they compute is described there.

Returns are standardised first, z = (x - mu) / sigma, which changes no ratio and keeps sums of powers accurate. A block
enters a resample only by A = sum of z and C = sum of z^2 over its returns, so both are tabulated per starting position
and a resample costs n / b look-ups. With a* = A's mean per return, v* = variance, s* = sqrt(v*) of a resample:

    theta* = (mu / sigma + a*) / s*,
    sum of psi* over a block = alpha A + beta C + kappa,   alpha = 1 / s* + theta* a* / v*,  beta = -theta* / (2 v*),
    kappa = -b a* alpha + b (theta* a*^2 / v* / 2 + theta* / 2),

and the squared error is the sum over blocks of its square, / m^2 with m = l b returns.
"""

import math

import numpy as np
import numpy.typing as npt

from shared.analytics.compiled import compiled, compiled_sum

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint32]

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
    key = _mix(np.uint64(seed))
    for bits in (x + 0.0).view(np.uint64):  # + 0.0 makes -0.0 and 0.0 one value
        key = _mix(key ^ bits)
    return key


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
def _original(x: Floats, fixed_block: int, z: Floats) -> tuple[float, float, int]:
    """Ratio, error and block length of one wallet; fills z. Error infinite where there is none."""
    n = x.size
    mean = x.mean()
    deviation = math.sqrt(np.mean((x - mean) ** 2))
    if n < 2 or not deviation**2 > _NO_VARIANCE * np.mean(x**2):
        return np.nan, np.inf, 1
    theta = mean / deviation
    z[:] = (x - mean) / deviation
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
) -> int:
    """Fill ratio and error of each resample; the number without variance. ``starts`` is filled where it has rows."""
    n = z.size
    count = n // block
    drawn = np.empty(count, np.uint32)
    first, second = z, z
    if block > 1:
        first, second = _block_tables(z, block)
    degenerate = 0
    for r in range(ratios.size):
        _draw_starts(_mix(key + np.uint64(r)), n, drawn)
        if r < starts.shape[0]:
            starts[r] = drawn
        sums = _sums_of_singles(z, drawn) if block == 1 else _sums_of_blocks(first, second, drawn)
        ratios[r], errors[r] = _resampled(theta, sums, count, block)
        degenerate += math.isnan(ratios[r])
    return degenerate


@compiled
def resample_loop(x: Floats, b: int, seed: int, fixed_block: int) -> tuple[Ints, Floats, Floats, float, float, int]:
    """Starts, ratios and errors of all resamples of one wallet, then its ratio, error and block length."""
    z = np.empty(x.size)
    theta, error, block = _original(x, fixed_block, z)
    ratios = np.empty(b)
    errors = np.empty(b)
    starts = np.empty((b, x.size // block), np.int64)
    _resample_all(theta, z, block, _wallet_key(x, seed), ratios, errors, starts)
    return starts, ratios, errors, theta, error, block


@compiled
def interval_loop(
    values: Floats,
    offsets: Ints,
    begin: int,
    end: int,
    b: int,
    order: int,
    seed: int,
    fixed_block: int,
    floats: Floats,
    ints: Ints,
) -> None:
    """Wallets begin..end-1: rows ratio, error, low, high of ``floats``; block length, degenerate resamples of ``ints``.

    ``order`` is the zero-based rank of the quantile among the b deviations; ``fixed_block`` 0 chooses from the data.
    """
    ratios = np.empty(b)
    errors = np.empty(b)
    kept = np.empty((0, 0), np.int64)
    for wallet in range(begin, end):
        x = values[offsets[wallet] : offsets[wallet + 1]]
        floats[:, wallet] = (np.nan, np.inf, -np.inf, np.inf)
        ints[:, wallet] = (1, 0)
        if x.size < 2:
            continue
        z = np.empty(x.size)
        theta, error, block = _original(x, fixed_block, z)
        floats[0, wallet] = theta
        ints[0, wallet] = block
        if error == np.inf:
            continue
        degenerate = _resample_all(theta, z, block, _wallet_key(x, seed), ratios, errors, kept)
        ints[1, wallet] = degenerate
        if degenerate > 0:
            continue
        for r in range(b):
            deviation = abs((ratios[r] - theta) / errors[r])
            ratios[r] = np.inf if math.isnan(deviation) else deviation
        reach = np.partition(ratios, order)[order]
        if reach < np.inf:
            floats[1, wallet] = error
            floats[2, wallet] = theta - reach * error
            floats[3, wallet] = theta + reach * error
