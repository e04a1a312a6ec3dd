"""The parameters of the synthetic world, its fixed clock and its random streams.

Time inside the generator is float seconds since ``BASE_TS``; prices are whole cents (one tick); sizes are whole
ten-thousandths of a share, so that size x price is a whole number of micro-dollars and every account balances exactly.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

BASE_TS = 1_780_272_000
"""2026-06-01T00:00:00Z, the first second of every synthetic day: a constant, so that no clock is read."""

UNITS_PER_SHARE = 10_000
"""Sizes are counted in units of 0.0001 share; one unit at one cent costs exactly one micro-dollar."""

MAX_HOURS = 24.0 * 30

TICK = 0.01
MIN_SIZE_SHARES = 5.0
CRYPTO_FEE_RATE = 0.07
UP, DOWN = 0, 1
"""Position of a token in its market's outcomes: Up or Yes first, Down or No second."""

FloatArray: TypeAlias = NDArray[np.float64]
Float32Array: TypeAlias = NDArray[np.float32]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class Scale:
    """How large a world is; counts per day are for 24 hours and grow with the hours, counts of wallets do not."""

    name: str
    wallets: int
    events_per_day: int
    noise_decisions_per_day: int
    slow_decisions_per_wallet: float
    fast_decisions_per_wallet: float
    wash_trades_per_pair: float
    book_every_crypto_s: int
    book_every_event_s: int


HOUSE = Scale(
    name="house",
    wallets=2_000,
    events_per_day=60,
    noise_decisions_per_day=16_000,
    slow_decisions_per_wallet=340.0,
    fast_decisions_per_wallet=100.0,
    wash_trades_per_pair=120.0,
    book_every_crypto_s=10,
    book_every_event_s=60,
)
"""The default day: about 2,000 wallets and 200,000 trade rows."""

BENCH = Scale(
    name="bench",
    wallets=20_000,
    events_per_day=150,
    noise_decisions_per_day=150_000,
    slow_decisions_per_wallet=220.0,
    fast_decisions_per_wallet=70.0,
    wash_trades_per_pair=120.0,
    book_every_crypto_s=10,
    book_every_event_s=60,
)
"""The load for the benchmark: 20,000 wallets and more than 1.5 million trade rows a day."""

STREAMS = (
    "markets",
    "prices",
    "wallets",
    "noise",
    "skilled",
    "followers",
    "wash",
    "matching",
    "books",
    "delivery",
)


def streams(seed: int) -> dict[str, np.random.Generator]:
    """One independent PCG64 generator per component: a change in one component leaves the others' numbers alone."""
    children = np.random.SeedSequence(seed).spawn(len(STREAMS))
    return {name: np.random.Generator(np.random.PCG64(child)) for name, child in zip(STREAMS, children, strict=True)}


def check(seed: int, hours: float) -> None:
    """Raise ValueError, naming the field and the value, for a seed or a length that cannot be generated."""
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, got {seed}.")
    if not 0.0 < hours <= MAX_HOURS:
        raise ValueError(f"hours must be greater than 0 and at most {MAX_HOURS:.0f}, got {hours}.")
