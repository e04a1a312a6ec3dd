"""How often the 95% interval holds the true ratio."""

from dataclasses import dataclass

import numpy as np

from shared.analytics.bootstrap import SharpeIntervals, sharpe_interval
from tests.stats.worlds import BETS, SMOOTH, TRUE_RATIO, Draw

LENGTHS = (60, 250, 1000)
LONG_BAND = (0.935, 0.965)


@dataclass(frozen=True)
class Coverage:
    """One line of the table. Shares of all replications; an infinite interval holds every ratio.

    ``covered`` with resamples of their own (what `score` uses), ``shared`` with resamples that all replications share.
    """

    world: str
    n: int
    covered: float
    shared: float
    infinite: float
    block: float
    band: tuple[float, float] | None

    @property
    def inside(self) -> bool:
        """Within its band; a world without a band is only reported."""
        return self.band is None or all(self.band[0] <= got <= self.band[1] for got in (self.covered, self.shared))

    def line(self) -> str:
        """As a row of a Markdown table."""
        band = "reported" if self.band is None else f"{self.band[0]:.1%} - {self.band[1]:.1%}"
        shares = f"{self.covered:.2%} | {self.shared:.2%} | {self.infinite:.2%}"
        return f"| {self.world} | {self.n} | {shares} | {self.block:.2f} | {band} |"


def measure(world: str, draw: Draw, n: int, replications: int, band: tuple[float, float] | None, seed: int) -> Coverage:
    """Coverage of the symmetric 95% interval, B = 1,999, data-driven blocks."""
    x = draw(np.random.default_rng([seed, n]), replications, n)
    own, shared = (
        sharpe_interval(x.ravel(), np.arange(replications + 1) * n, level=0.95, b=1999, seed=seed, shared=together)
        for together in (False, True)
    )
    infinite, block = float(np.isinf(own.high).mean()), float(own.block.mean())
    return Coverage(world, n, _share(own), _share(shared), infinite, block, band)


def _share(got: SharpeIntervals) -> float:
    return float(((got.low <= TRUE_RATIO) & (got.high >= TRUE_RATIO)).mean())


def table(replications: int, seed: int) -> list[Coverage]:
    """Every world at every length, with the band each must stay in."""
    worlds = SMOOTH | BETS
    return [measure(world, worlds[world], n, replications, _band(world, n), seed) for world in worlds for n in LENGTHS]


def _band(world: str, n: int) -> tuple[float, float] | None:
    if world == "bets at 0.95":
        return None
    if n > 60:
        return LONG_BAND
    return (0.925, 0.975) if world in SMOOTH else (0.93, 0.985)
