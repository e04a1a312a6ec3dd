"""The numbers risk works with: every limit of the `copy` profile as a named, validated setting (specification 8, 9)."""

from msgspec import Struct

from shared.domain.errors import BadInput
from shared.domain.instants import HOUR, MINUTE, SECOND
from shared.domain.money import ONE, Fraction, Usd, dollars, format_micro


class Limits(Struct, frozen=True):
    """Limits of copy trading: ``*_usd`` in micro-dollars, ``*_of_*`` fractions in millionths, ``*_ns`` nanoseconds.

    The first four are also the sizes of the rooms that the plan transaction itself checks.
    """

    portfolio_usd: Usd = dollars(10_000)
    market_usd: Usd = dollars(5_000)
    source_usd: Usd = dollars(10_000)
    strategy_usd: Usd = dollars(10_000)
    trade_min_usd: Usd = dollars(10)
    trade_max_usd: Usd = dollars(1_000)
    kelly: Fraction = Fraction(250_000)
    position_of_equity: Fraction = Fraction(50_000)
    market_of_equity: Fraction = Fraction(200_000)
    source_of_equity: Fraction = Fraction(300_000)
    positions_max: int = 50
    daily_loss_usd: Usd = dollars(500)
    daily_loss_of_equity: Fraction = Fraction(50_000)
    source_daily_loss_usd: Usd = dollars(200)
    drawdown_halt: Fraction = Fraction(200_000)
    drawdown_reduce: Fraction = Fraction(100_000)
    drawdown_factor: Fraction = Fraction(500_000)
    losses_to_pause: int = 5
    pause_ns: int = HOUR
    entries_per_minute: int = 10
    rate_window_ns: int = MINUTE
    order_life_ns: int = 30 * SECOND  # not money: seconds to nanoseconds
    answer_timeout_ns: int = 30 * SECOND  # not money: seconds to nanoseconds
    entry_before_end_ns: int = 3 * HOUR  # not money: hours to nanoseconds
    volume_24h_min_usd: Usd = dollars(50_000)
    spread_max: int = 30_000
    confidence_min: Fraction = Fraction(0)
    book_max_age_ns: int = 10 * SECOND  # not money: seconds to nanoseconds


_FRACTIONS = (
    "kelly",
    "position_of_equity",
    "market_of_equity",
    "source_of_equity",
    "daily_loss_of_equity",
    "drawdown_halt",
    "drawdown_reduce",
    "drawdown_factor",
    "confidence_min",
)
KELLY_MAX = Fraction(500_000)
POSITION_MAX = Fraction(100_000)


def checked(limits: Limits) -> Limits:
    """The limits themselves, or ``BadInput`` with one sentence that names the field and the value."""
    for name in _FRACTIONS:
        got = getattr(limits, name)
        if not 0 <= got <= ONE:
            raise BadInput(f"{name} must lie between 0 and 1, not {format_micro(got)}")
    for name in limits.__struct_fields__:
        got = getattr(limits, name)
        if name not in _FRACTIONS and got < 0:
            raise BadInput(f"{name} must not be negative, not {got}")
    if limits.kelly > KELLY_MAX:
        raise BadInput(f"kelly must not exceed 0.5, not {format_micro(limits.kelly)}")
    if limits.position_of_equity > POSITION_MAX:
        raise BadInput(f"position_of_equity must not exceed 0.1, not {format_micro(limits.position_of_equity)}")
    if limits.trade_min_usd > limits.trade_max_usd:
        raise BadInput(f"trade_min_usd {format_micro(limits.trade_min_usd)} exceeds trade_max_usd")
    if limits.drawdown_reduce > limits.drawdown_halt:
        raise BadInput(f"drawdown_reduce {format_micro(limits.drawdown_reduce)} exceeds drawdown_halt")
    return limits
