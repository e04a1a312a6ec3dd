"""Could luck explain a wallet's wins? Exact tests against the prices it paid, and control over thousands of them.

The price of a share is the market's probability that it pays. If a wallet has no edge, its bet in market i wins with
the probability it paid for, p_i, and the number of its wins is a sum of independent, unequal coins: the
Poisson-binomial distribution (Hong, "On computing the distribution function for the Poisson binomial distribution",
Computational Statistics & Data Analysis 59 (2013) 41-51). The unit is the market, never the fill: all buys of a wallet
in one market are one bet at their share-weighted price.
"""

import numpy as np
import numpy.typing as npt

from shared.analytics.compiled import compiled
from shared.analytics.ragged import check_ragged, wallet_sums
from shared.domain.errors import BadInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_MIN_PRICE = 1e-6
"""No share is free: the smallest price, one micro-dollar, stands in for a rounded 0."""
_HEDGED = 1e-9


def win_test(won: Floats, prices: Floats, offsets: Ints) -> Floats:
    """Per wallet, the probability of at least as many wins as it had if every price it paid was fair.

    One value per market: ``won``, the share-weighted payout of the wallet's buys there (0 to 1), and ``prices``, their
    share-weighted mean price (0 to 1). ``won`` strictly between 0 and 1 means that it bought both outcomes: the bet is
    the outcome it holds more of, a fraction f = max(won, 1 - won) of its shares, tested at price / f. The shares of
    the other outcome cost at least nothing, so that price is at least what the bet really cost and the test stays
    valid; a market bought half and half (f = 1/2) is no bet and left out.
    Exact, one-sided, conservative by its discreteness; 1 for a wallet without bets.
    Raises BadInput for values outside 0..1, NaN, other lengths.
    """
    won, offsets = check_ragged(won, offsets, "won")
    prices, _ = check_ragged(prices, offsets, "prices")
    for name, values in (("won", won), ("prices", prices)):
        outside = (values < 0) | (values > 1)
        if outside.any():
            where = int(np.argmax(outside))
            raise BadInput(f"{name} must lie between 0 and 1; {name}[{where}] is {values[where]}.")
    share, wins, chances = directional_bets(won, prices)
    bets = share > 0.5 + _HEDGED
    kept = np.concatenate([[0], np.cumsum(wallet_sums(bets.astype(np.float64), offsets))]).astype(np.int64)
    tails = np.empty(len(offsets) - 1)
    _tails(wins[bets], chances[bets], kept, tails)
    return tails


def directional_bets(won: Floats, prices: Floats) -> tuple[Floats, Flags, Floats]:
    """Each market as one bet: share of the larger side, whether it won, the highest price it can have cost."""
    share = np.maximum(won, 1 - won)
    return share, won > 0.5, np.clip(prices / share, _MIN_PRICE, 1.0)


def poisson_binomial_tail(wins: int, chances: Floats) -> float:
    """P(at least ``wins`` successes) of independent coins with these ``chances``; exact to rounding, however small.

    Raises BadInput for a chance outside 0..1 and for wins outside 0..number of coins.
    """
    chances = np.ascontiguousarray(chances, dtype=np.float64)
    if not np.all((chances >= 0) & (chances <= 1)):
        raise BadInput(f"chances must lie between 0 and 1; got {chances[~((chances >= 0) & (chances <= 1))][0]}.")
    if not 0 <= wins <= len(chances):
        raise BadInput(f"wins must be 0 to {len(chances)}, the number of bets; got {wins}.")
    return _tail(wins, chances)


@compiled
def _tail(wins: int, chances: Floats) -> float:
    """Dynamic programme over coins, on the number of losses up to n - wins.

    Only sums of positive terms that belong to the tail, so the smallest probability keeps its relative accuracy
    (Barlow & Heidtmann, IEEE Trans. Reliability 33 (1984) 322-323). n (n - wins) steps.
    """
    most = chances.size - wins
    mass = np.zeros(most + 1)
    mass[0] = 1.0
    for i in range(chances.size):
        win = chances[i]
        for losses in range(min(i + 1, most), 0, -1):
            mass[losses] = mass[losses] * win + mass[losses - 1] * (1.0 - win)
        mass[0] *= win
    return min(1.0, float(mass.sum()))


@compiled
def _tails(wins: Flags, chances: Floats, offsets: Ints, tails: Floats) -> None:
    for wallet in range(tails.size):
        first, last = offsets[wallet], offsets[wallet + 1]
        tails[wallet] = _tail(int(wins[first:last].sum()), chances[first:last])


def benjamini_hochberg(p: npt.ArrayLike) -> Floats:
    """The q-value of each p-value: the smallest false-discovery rate at which its wallet is a discovery.

    Benjamini & Hochberg, J. Royal Statistical Society B 57 (1995) 289-300, step-up: q_(i) = min over j >= i of
    m p_(j) / j. Controls the rate for independent and for positively dependent tests (Benjamini & Yekutieli 2001).
    Raises BadInput for NaN and values outside 0..1.
    """
    values = np.asarray(p, dtype=np.float64)
    bad = ~((values >= 0) & (values <= 1))
    if bad.any():
        where = int(np.argmax(bad))
        raise BadInput(f"p must lie between 0 and 1; p[{where}] is {values[where]}.")
    m = len(values)
    order = np.argsort(values, kind="stable")
    raised = values[order] * m / np.arange(1, m + 1)
    q = np.empty(m)
    q[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0)
    return q
