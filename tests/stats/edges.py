"""Worlds of bets without an edge, and of estimates with a known one."""

import numpy as np

from shared.analytics.shrinkage import james_stein_common, morris_shrink, sure_shrink
from shared.analytics.significance import benjamini_hochberg, win_test


def runs_with_a_discovery(seed: int, runs: int, wallets: int, markets: int) -> int:
    """Of ``runs`` worlds of fair bets at mixed prices, those in which some wallet has q <= 0.05."""
    rng = np.random.default_rng([seed, markets])
    offsets = np.arange(wallets + 1) * markets
    found = 0
    for _ in range(runs):
        prices = rng.uniform(0.05, 0.95, wallets * markets)
        won = (rng.random(len(prices)) < prices).astype(np.float64)
        found += bool((benjamini_hochberg(win_test(won, prices, offsets)) <= 0.05).any())
    return found


def shrinkage_ratios(seed: int, wallets: int) -> dict[str, float]:
    """Mean squared error over that of no shrinkage: theta ~ N(.05, .05^2), error variance 1 / n, n in 20..2000."""
    rng = np.random.default_rng(seed)
    v = 1 / rng.choice([20, 60, 250, 2000], wallets)
    theta = rng.normal(0.05, 0.05, wallets)
    x = theta + rng.normal(0.0, np.sqrt(v))
    methods = {
        "SURE to 0": sure_shrink(x, v),
        "SURE to mean": sure_shrink(x, v, "mean"),
        "Morris to 0": morris_shrink(x, v),
        "Morris to mean": morris_shrink(x, v, "mean"),
        "common factor": james_stein_common(x, v),
    }
    none = float(np.mean((x - theta) ** 2))
    return {name: float(np.mean((got - theta) ** 2)) / none for name, got in methods.items()}
