"""Money, shares and prices as integers of one millionth, and every arithmetic rule on them.

One millionth is the on-chain unit of pUSD and of outcome tokens, so nothing is ever lost in a conversion.
Raw ``*`` and ``/`` on these numbers live in this module only (a house test checks it), each with its
rounding in its name; where a choice exists, rounding goes against us.
"""

import re
from decimal import ROUND_HALF_EVEN, Decimal
from math import gcd, isqrt
from typing import NewType

from shared.domain.errors import BadInput, Corrupt

Usd = NewType("Usd", int)
"""Micro-dollars (pUSD, 6 decimals). May be negative (a loss, a debit)."""
Shares = NewType("Shares", int)
"""Millionths of one outcome token. May be negative only inside ledger entries."""
Price = NewType("Price", int)
"""Micro-dollars per share; a tradeable price lies strictly between 0 and ONE."""
Fraction = NewType("Fraction", int)
"""A proportion or probability in millionths."""

ONE = 1_000_000
SIZE_STEP = Shares(10_000)
"""The venue takes sizes of at most two decimals (polymarket.md 1.6)."""
CENT = Price(10_000)
FEE_STEP = 10
"""Fees are rounded to five decimals of a dollar (polymarket.md 1.8)."""
_NUMBER = re.compile(r"[+-]?(\d{1,30}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,4})?", re.ASCII)
MICRO_MAX = 10**17
"""A hundred billion dollars: anything larger is a corrupt number, not a fortune."""


def price(micro: int) -> Price:
    """A tradeable price in micro-dollars per share; ``BadInput`` unless 0 < micro < 1,000,000."""
    if not 0 < micro < ONE:
        raise BadInput(f"price must lie strictly between 0 and 1, not {format_micro(micro)}")
    return Price(micro)


def shares(micro: int) -> Shares:
    """A positive number of shares in millionths; ``BadInput`` unless 0 < micro <= MICRO_MAX."""
    if not 0 < micro <= MICRO_MAX:
        raise BadInput(f"size must be a positive number of shares, not {format_micro(micro)}")
    return Shares(micro)


def usd(micro: int) -> Usd:
    """An amount of micro-dollars, either sign; ``BadInput`` beyond MICRO_MAX."""
    if not -MICRO_MAX <= micro <= MICRO_MAX:
        raise BadInput(f"amount is out of range: {format_micro(micro)}")
    return Usd(micro)


def dollars(whole: int) -> Usd:
    """Whole dollars as micro-dollars."""
    return Usd(whole * ONE)


def fraction(micro: int) -> Fraction:
    """A proportion in millionths; ``BadInput`` unless 0 <= micro <= 1,000,000."""
    if not 0 <= micro <= ONE:
        raise BadInput(f"fraction must lie between 0 and 1, not {format_micro(micro)}")
    return Fraction(micro)


def parse_micro(text: str) -> int:
    """Decimal text to millionths, half-even at the seventh decimal; ``BadInput`` for anything but a finite number."""
    if not _NUMBER.fullmatch(text):
        raise BadInput(f"not a number: {text[:40]!r}")
    value = Decimal(text)
    if abs(value) > MICRO_MAX:  # venue times in milliseconds are read here too
        raise BadInput(f"not a usable number: {text[:40]!r}")
    return int((value * ONE).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def micro_of_float(value: float) -> int:
    """The one door from floating point to millionths (half-even); ``BadInput`` for NaN, infinity or the absurd."""
    if not abs(value) * ONE <= MICRO_MAX:
        raise BadInput(f"not a usable number: {value!r}")
    return round(value * ONE)


def float_of_micro(micro: int) -> float:
    """The one door from millionths to floating point, for analytics, charts and reports."""
    return micro / ONE


def format_micro(micro: int) -> str:
    """Millionths as exact decimal text without trailing zeros: ``-0.25``, ``1000``."""
    text = f"{Decimal(micro) / ONE:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def mul_div_floor(amount: int, part: int, whole: int) -> int:
    """``amount * part / whole`` rounded towards minus infinity; ``Corrupt`` when whole is not positive."""
    if whole <= 0:
        raise Corrupt(f"division by {whole} in mul_div_floor")
    return amount * part // whole


def mul_div_ceil(amount: int, part: int, whole: int) -> int:
    """``amount * part / whole`` rounded towards plus infinity; ``Corrupt`` when whole is not positive."""
    if whole <= 0:
        raise Corrupt(f"division by {whole} in mul_div_ceil")
    return -(-amount * part // whole)


def cost(size: Shares, at: Price) -> Usd:
    """Micro-dollars we pay for ``size`` shares, rounded up."""
    return Usd(-(-size * at // ONE))


def proceeds(size: Shares, at: Price) -> Usd:
    """Micro-dollars we receive for ``size`` shares, rounded down."""
    return Usd(size * at // ONE)


def value(size: int, at: int) -> Usd:
    """What ``size`` shares are worth at a mark, rounded down (towards less)."""
    return Usd(size * at // ONE)


def part(amount: Usd, share: Fraction) -> Usd:
    """The given fraction of an amount, rounded down."""
    return Usd(amount * share // ONE)


def taker_fee(size: Shares, at: Price, rate: Fraction) -> Usd:
    """Taker fee in micro-dollars: ``size * rate * p * (1 - p)``, rounded up to five decimals (polymarket.md 1.8)."""
    exact = size * rate * at * (ONE - at)
    step = FEE_STEP * ONE**3
    return Usd(-(-exact // step) * FEE_STEP)


def fee_per_share(at: Price, rate: Fraction) -> Usd:
    """Taker fee of one whole share in micro-dollars, rounded up."""
    return Usd(-(-rate * at * (ONE - at) // ONE**2))


def affordable_size(budget: Usd, at: Price, rate: Fraction) -> Shares:
    """Shares whose cost and taker fee, both rounded up, ``budget`` covers; floored to the venue's size step."""
    all_in = at + fee_per_share(at, rate)
    if all_in <= 0:
        raise Corrupt(f"all-in cost per share is {all_in}")
    size = floor_size(Shares(max(budget, 0) * ONE // all_in))
    while cost(size, at) + taker_fee(size, at, rate) > max(budget, 0):  # the roundings of a few micro-dollars
        size = Shares(size - SIZE_STEP)
    return size


def floor_size(size: Shares) -> Shares:
    """A size floored to the venue's two decimals."""
    return Shares(size // SIZE_STEP * SIZE_STEP)


def floor_tick(at: int, tick: int) -> Price:
    """A price floored to the tick grid, never below one tick."""
    return Price(max(at // tick * tick, tick))


def ceil_tick(at: int, tick: int) -> Price:
    """A price raised to the tick grid, never above one minus a tick."""
    return Price(min(-(-at // tick) * tick, ONE - tick))


def worst_buy(last: Price, slack: Fraction, tick: Price) -> Price:
    """The highest price a BUY may pay: ``last`` plus max(slack of it, one tick), floored to the tick grid."""
    return Price(min(floor_tick(last + max(last * slack // ONE, tick), tick), ONE - tick))


def worst_sell(last: Price, slack: Fraction, tick: Price) -> Price:
    """The lowest price a SELL may take: ``last`` less max(slack of it, one tick), raised to the tick grid."""
    return Price(max(ceil_tick(last - max(last * slack // ONE, tick), tick), tick))


def kelly_stake(equity: Usd, p_win: Fraction, all_in: int, kelly: Fraction) -> Usd:
    """Fractional Kelly stake in micro-dollars for a $1 binary payoff bought at an all-in cost per share.

    With b = (1 - c) / c the classic f = (p b - q) / b (Kelly 1956, section 3; Thorp 2006, section 2) becomes
    f = (p - c) / (1 - c); the stake is ``kelly * f * equity``, rounded down, and 0 when there is no edge.
    """
    if p_win <= all_in or all_in >= ONE or equity <= 0:
        return Usd(0)
    return Usd(equity * kelly * (p_win - all_in) // (ONE * (ONE - all_in)))


def shrunken_mean(total: int, count: int, prior_count: int) -> int:
    """The mean of ``count`` values shrunk towards zero as if ``prior_count`` zeros had been seen, rounded down.

    The posterior mean of a normal mean with a zero-centred normal prior whose variance is 1/prior_count of one
    observation's (Efron & Morris 1973, section 2).
    """
    if count + prior_count <= 0:
        raise Corrupt(f"shrunken mean of {count} values with a prior of {prior_count}")
    return total // (count + prior_count)


def mean_edge(payout: Usd, paid: Usd, size: Shares) -> int:
    """Won less paid, in micro-dollars per share, rounded down; ``Corrupt`` when no share was bought."""
    return mul_div_floor(payout - paid, ONE, size)


def same_size(a: int, b: int) -> bool:
    """Whether two sources mean the same fill: sizes within 0.1% (sources round differently)."""
    return abs(a - b) * 1000 <= max(a, b)


def shared_out(size: Shares, parts: int) -> Shares:
    """One of ``parts`` equal parts of a size, rounded down; ``Corrupt`` for fewer than one part."""
    if parts < 1:
        raise Corrupt(f"a size cannot be shared out in {parts} parts")
    return Shares(size // parts)


def doubled(duration: int, times: int) -> int:
    """A duration (nanoseconds) doubled so many times: the backoff before the next try."""
    return duration << times


def standard_deviation(total: int, squares: int, count: int) -> int:
    """The standard deviation of ``count`` integers by their sum and their sum of squares, rounded down; 0 of none."""
    return isqrt(max(squares * count - total * total, 0)) // count if count else 0


def square(number: int) -> int:
    """A number times itself, for sums of squares."""
    return number * number


def weighted(price_micro: int, size: int) -> int:
    """A price times a size, unscaled, for sums that ``average_price`` divides again."""
    return price_micro * size


def average_price(weighted_sum: int, size_sum: int) -> int:
    """The size-weighted mean price (micro-dollars), rounded down; ``Corrupt`` without any size."""
    if size_sum <= 0:
        raise Corrupt(f"an average price over {size_sum} shares")
    return weighted_sum // size_sum


def near(around: int, share: Fraction, ticks: int, tick: int) -> int:
    """How far from ``around`` a price still counts as near it: the larger of a share of it and so many ticks."""
    return max(around * share // ONE, ticks * tick)


def millionths(count: int) -> int:
    """A whole number in millionths, for numbers that are recorded beside fractions."""
    return count * ONE


def evidence_weight(prior: int, claim: int, at: int, markets: int) -> int:
    """``prior * (1 + claim**2 / v) ** (markets / 2)`` times ``v ** (markets / 2)``, where v = at * (1 - at); exact.

    The weight of a claimed edge by the evidence of that many markets (of an odd number: one less) in which the price
    was ``at``. The last factor is the same for all claims at one price, so weights compare, and nothing is rounded.
    """
    weight: int = (at * (ONE - at) + claim * claim) ** (markets // 2)
    return prior * weight


def weighted_mean(pairs: list[tuple[int, int]]) -> int:
    """The mean of (value, weight) pairs, rounded down; ``Corrupt`` unless the weights sum to more than 0."""
    total = weight_sum = 0
    for each, weight in pairs:
        total += each * weight
        weight_sum += weight
    if weight_sum <= 0:
        raise Corrupt(f"a weighted mean over a weight of {weight_sum}")
    return total // weight_sum


def format_usd(micro: int) -> str:
    """Micro-dollars as people write them: ``$1,000``, ``-$0.25``; exact, without trailing zeros."""
    whole, _, rest = format_micro(abs(micro)).partition(".")
    text = f"{int(whole):,}"
    return f"{'-' if micro < 0 else ''}${text}{'.' + rest if rest else ''}"


def format_percent(micro: int) -> str:
    """Millionths as exact percent: ``5%``, ``0.25%``."""
    return f"{format_micro(micro * 100)}%"


def product(first: Fraction, second: Fraction) -> Fraction:
    """Two factors in millionths multiplied, rounded down."""
    return Fraction(first * second // ONE)


def inverse_factor(normal: Fraction, measured: int) -> Fraction:
    """``normal / measured``, at most ONE, rounded down: what keeps the product of size and volatility from rising."""
    return Fraction(ONE if measured <= normal else normal * ONE // measured)


def between(low: Fraction, share: Fraction) -> Fraction:
    """The factor ``share`` of the way from ``low`` up to ONE, rounded down."""
    return Fraction(low + (ONE - low) * share // ONE)


def lowered(at: int, share: Fraction) -> int:
    """A price less ``share`` of it, rounded down: a whole price is at or below the exact result when it is at this."""
    return at * (ONE - share) // ONE


def raised(at: int, share: Fraction) -> int:
    """A price and ``share`` of it more, rounded up: a whole price reaches the exact result when it reaches this."""
    return -(-at * (ONE + share) // ONE)


def loss_price(size: Shares, paid: Usd, loss: Usd) -> int:
    """The highest price at which what cost ``paid`` is worth (rounded down) ``loss`` less, or more than that less.

    0 where no price is that low; ``Corrupt`` without any shares.
    """
    if size <= 0:
        raise Corrupt(f"a loss on {size} shares")
    return max(-(-(paid - loss + 1) * ONE // size) - 1, 0)


def taking_size(size: Shares, at: Price) -> Shares:
    """A size floored to what an order that only takes may sell at this price.

    The venue takes two decimals of the shares given and four of the dollars got (polymarket.md 1.6), so at finer ticks
    than a cent only multiples of 0.04, 0.1 or a whole share will do.
    """
    step = SIZE_STEP * (CENT // gcd(at, CENT))
    return Shares(size // step * step)


def split(amount: int, weights: list[int]) -> list[int]:
    """An amount in parts as the weights are to each other: a part ends where its floored running total does, so the
    parts sum to the amount exactly. ``Corrupt`` unless the weights are at least 0 and sum to more.
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise Corrupt(f"an amount cannot be split by the weights {weights}")
    parts, weight, before = [], 0, 0
    for each in weights:
        weight += each
        upto = amount * weight // whole
        parts.append(upto - before)
        before = upto
    return parts


def format_fixed(micro: int, decimals: int, unit: int = ONE) -> str:
    """Millionths counted in ``unit`` millionths, half-even to so many decimals, with separators: ``1,234.50``.

    What rounds to zero is shown without a sign.
    """
    value = Decimal(micro) / unit
    text = f"{value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN):,f}"
    return text.removeprefix("-") if not text.strip("-0.,") else text
