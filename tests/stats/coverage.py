"""How often the 95% interval holds the true ratio."""

from dataclasses import dataclass

import numpy as np

from shared.analytics.bootstrap import sharpe_interval
from tests.stats.worlds import BETS, SMOOTH, TRUE_RATIO, Draw

LENGTHS = (60, 250, 1000)
LONG_BAND = (0.935, 0.965)


@dataclass(frozen=True)
class Coverage:
    """One line of the table. Shares of all replications; an infinite interval holds every ratio."""

    world: str
    n: int
    covered: float
    infinite: float
    block: float
    band: tuple[float, float] | None

    @property
    def inside(self) -> bool:
        """Within its band; a world without a band is only reported."""
        return self.band is None or self.band[0] <= self.covered <= self.band[1]

    def line(self) -> str:
        """As a row of a Markdown table."""
        band = "reported" if self.band is None else f"{self.band[0]:.1%} - {self.band[1]:.1%}"
        return f"| {self.world} | {self.n} | {self.covered:.2%} | {self.infinite:.2%} | {self.block:.2f} | {band} |"


def measure(world: str, draw: Draw, n: int, replications: int, band: tuple[float, float] | None, seed: int) -> Coverage:
    """Coverage of the symmetric 95% interval, B = 1,999, data-driven blocks."""
    x = draw(np.random.default_rng([seed, n]), replications, n)
    got = sharpe_interval(x.ravel(), np.arange(replications + 1) * n, level=0.95, b=1999, seed=seed)
    covered = (got.low <= TRUE_RATIO) & (got.high >= TRUE_RATIO)
    return Coverage(world, n, float(covered.mean()), float(np.isinf(got.high).mean()), float(got.block.mean()), band)


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
