"""The population of a synthetic world: who trades, what each can know, how often and how large.

The informed slice what they know into many small orders, so hardly any of their bursts is large. Whoever stands on the
other side for a while is large: the market makers, whose bids are hit while the public lags behind (adverse selection).
So a follower who copies everything large copies mostly the makers' worst purchases, and pays the taker fee on top.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from shared.adapters.synthetic.world import BoolArray, FloatArray, IntArray, Scale


class Role(IntEnum):
    """What a wallet does; the name in lower case is its role in the truth table."""

    NOISE = 0
    SKILLED = 1
    COPYCAT = 2
    MARKET_MAKER = 3
    WASH = 4


class Style(IntEnum):
    """How a wallet chooses: SLOW and FAST name the information of the skilled, the rest the taste of the others."""

    ANY = 0
    FAVOURITE = 1
    LONGSHOT = 2
    SLOW = 3
    FAST = 4
    MAKER = 5


SHARES_OF_WALLETS = {
    (Role.SKILLED, Style.SLOW): 0.032,
    (Role.SKILLED, Style.FAST): 0.014,
    (Role.COPYCAT, Style.ANY): 0.04,
    (Role.MARKET_MAKER, Style.MAKER): 0.015,
    (Role.WASH, Style.ANY): 0.01,
    (Role.NOISE, Style.FAVOURITE): 0.17,
    (Role.NOISE, Style.LONGSHOT): 0.15,
}
"""Part of all wallets per role and style; the rest are noise traders without a taste, and members of clusters."""

SKILLED_CLUSTERS = 0.08
"""Part of the slow skilled who trade through further wallets of their own."""
NOISE_CLUSTERS = 0.03
"""Part of the noise traders with a taste who do."""
EVENT_SPECIALISTS = 0.12
INSIDER_USD = (7.0, 0.5)
NOISE_USD = (6.0, 0.6)
"""Median over wallets, and spread (sigma of the logarithm), of a wallet's typical decision in dollars."""


@dataclass(frozen=True)
class Wallets:
    """Columns of the population, ordered by position."""

    address: list[str]
    role: IntArray
    style: IntArray
    leader: IntArray
    """Whom this wallet repeats: the head of its cluster, or -1."""
    pair: IntArray
    """Number of its correlated cluster or wash pair, or -1."""
    weight: FloatArray
    """Relative activity within its role."""
    event_part: FloatArray
    """Part of its decisions that are in event markets."""
    threshold: FloatArray
    """Least estimated edge, in dollars per share, on which a skilled wallet acts."""
    estimate_noise: FloatArray
    """Standard deviation of the error of a skilled wallet's estimate."""
    median_usd: FloatArray
    exit_part: FloatArray
    """Part of its purchases that it sells before the end."""

    @property
    def count(self) -> int:
        """Number of wallets."""
        return len(self.address)

    def having(self, role: Role, style: Style | None = None) -> IntArray:
        """Positions of the wallets of a role (and style) that act on their own, members of clusters left out."""
        mask: BoolArray = (self.role == role) & (self.leader < 0)
        if style is not None:
            mask = mask & (self.style == style)
        return np.flatnonzero(mask)


def make_wallets(rng: np.random.Generator, scale: Scale) -> Wallets:
    """Draw the population; the numbers per role are fixed by the scale, everything else is random."""
    count = scale.wallets
    role, style = _roles(count)
    leader, pair = _clusters(rng, role, style)
    skilled = role == Role.SKILLED
    slow = style == Style.SLOW
    specialist = skilled & slow & (rng.random(count) < EVENT_SPECIALISTS)
    event_part = np.where(skilled, np.where(specialist, 1.0, 0.0), rng.beta(0.9, 2.4, count))
    member = leader >= 0
    parameters = {
        "weight": rng.lognormal(0.0, 1.1, count),
        "event_part": event_part,
        "threshold": np.where(slow, rng.uniform(0.0, 0.085, count), rng.uniform(0.003, 0.04, count)),
        "estimate_noise": rng.uniform(0.0, 0.02, count),
        "median_usd": np.where(skilled, _typical(rng, INSIDER_USD, count), _typical(rng, NOISE_USD, count)),
        "exit_part": np.where(style == Style.FAST, 0.05, rng.beta(1.0, 5.0, count)),
    }
    for values in parameters.values():
        values[member] = values[leader[member]]
    return Wallets(
        address=[f"0x{rng.bytes(20).hex()}" for _ in range(count)],
        role=role,
        style=style,
        leader=leader,
        pair=pair,
        **parameters,
    )


def _typical(rng: np.random.Generator, usd: tuple[float, float], count: int) -> FloatArray:
    """Typical dollars of ``count`` wallets."""
    median, sigma = usd
    return rng.lognormal(np.log(median), sigma, count)


def _roles(count: int) -> tuple[IntArray, IntArray]:
    role = np.full(count, Role.NOISE, dtype=np.int64)
    style = np.full(count, Style.ANY, dtype=np.int64)
    at = 0
    for (one_role, one_style), part in SHARES_OF_WALLETS.items():
        number = max(2, round(part * count))
        number += number % 2 if one_role == Role.WASH else 0
        role[at : at + number] = one_role
        style[at : at + number] = one_style
        at += number
    return role, style


def _clusters(rng: np.random.Generator, role: IntArray, style: IntArray) -> tuple[IntArray, IntArray]:
    """Give some wallets further wallets of the same person, taken from the noise traders, and pair the wash traders."""
    leader = np.full(len(role), -1, dtype=np.int64)
    pair = np.full(len(role), -1, dtype=np.int64)
    spare = rng.permutation(np.flatnonzero((role == Role.NOISE) & (style == Style.ANY)))
    used = 0
    number = 0
    heads = (
        (np.flatnonzero((role == Role.SKILLED) & (style == Style.SLOW)), SKILLED_CLUSTERS),
        (np.flatnonzero((role == Role.NOISE) & (style != Style.ANY)), NOISE_CLUSTERS),
    )
    for candidates, part in heads:
        for head in rng.choice(candidates, size=max(1, round(part * len(candidates))), replace=False):
            size = int(rng.integers(1, 4))
            members = spare[used : used + size]
            used += size
            leader[members], role[members], style[members] = head, role[head], style[head]
            pair[members] = pair[head] = number
            number += 1
    wash = np.flatnonzero(role == Role.WASH)
    pair[wash] = number + np.arange(len(wash)) // 2
    return leader, pair
