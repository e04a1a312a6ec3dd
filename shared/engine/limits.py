"""The numbers the engine works with: every limit and threshold as a named setting, validated on load (specification
4, 5, 8, 9, 10). The defaults are the `copy` profile; ``profiles`` has the named presets and the capital stages,
``bounds`` says what each field means and between what it may lie.
"""

from itertools import pairwise

from msgspec import Struct

from shared.domain.errors import BadInput
from shared.domain.instants import DAY, HOUR, MILLISECOND, MINUTE, SECOND
from shared.domain.money import ONE, Fraction, Usd, dollars, format_micro
from shared.engine.bounds import BOUNDS


class Limits(Struct, frozen=True):
    """``*_usd`` in micro-dollars, ``*_of_*`` and factors in millionths, ``*_ns`` nanoseconds; 0 of an optional: none.

    The first four are also the sizes of the rooms that the plan transaction itself checks.
    """

    # Caps on what is at stake.
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
    exposure_of_equity: Fraction = Fraction(ONE)
    """All positions and open orders together."""
    positions_max: int = 50
    topic_positions_max: int = 3
    """Positions of one topic that move together."""
    topic_counts_all: bool = False
    """Whether every position of a topic counts as moving with the others, or only those the figures say do."""
    diversification_min: Fraction = Fraction(600_000)
    """Below it additions are refused and positions trimmed."""
    diversification_target: Fraction = Fraction(700_000)

    # Breakers.
    daily_loss_usd: Usd = dollars(500)
    daily_loss_of_equity: Fraction = Fraction(50_000)
    weekly_loss_usd: Usd = Usd(0)
    source_daily_loss_usd: Usd = dollars(200)
    drawdown_halt: Fraction = Fraction(200_000)
    drawdown_reduce: Fraction = Fraction(100_000)
    drawdown_factor: Fraction = Fraction(500_000)
    drawdown_reduce_more: Fraction = Fraction(0)
    drawdown_factor_more: Fraction = Fraction(ONE)
    """A second, deeper step."""
    losses_to_pause: int = 5
    losses_need_person: bool = False
    """Whether these losses in a row stop trading until a person has looked, instead of pausing it."""
    pause_ns: int = HOUR
    api_errors_per_hour: int = 5
    failed_settlements_per_hour: int = 5
    spot_move: Fraction = Fraction(100_000)
    """Of BTC within ``spot_window_ns``, up or down."""
    spot_window_ns: int = 15 * MINUTE  # not money: minutes to nanoseconds
    var_95_usd: Usd = dollars(1_000)
    cvar_95_usd: Usd = dollars(2_000)
    stress_of_equity: Fraction = Fraction(500_000)
    """What the worst stress scenario may cost."""
    entries_per_minute: int = 10
    exits_per_minute: int = 60
    rate_window_ns: int = MINUTE

    # Size.
    streak_wins: int = 3
    streak_losses: int = 2
    streak_up: Fraction = Fraction(1_250_000)
    streak_down: Fraction = Fraction(500_000)
    scale_min: Fraction = Fraction(250_000)
    scale_max: Fraction = Fraction(2_000_000)
    scale_reset_ns: int = 7 * DAY  # not money: days to nanoseconds
    recovery_days: int = 0
    """Profitable days after a drawdown before size grows again, and then slowly (0: the streak rule above instead)."""
    recovery_per_week: Fraction = Fraction(100_000)
    confidence_min: Fraction = Fraction(0)
    confidence_factor: Fraction = Fraction(750_000)
    """The factor at no confidence at all; it rises to ONE at full confidence."""
    volatility_normal: Fraction = Fraction(50_000)
    """Standard deviation of a token's price over ten minutes (of the $1 payoff) up to which size is not reduced."""
    spread_reduce: int = 100_000
    spread_factor: Fraction = Fraction(500_000)
    repeats_max: Fraction = Fraction(700_000)
    """Correlation of consecutive trades' results above which they are one bet."""
    repeats_factor: Fraction = Fraction(500_000)

    # Voices.
    overlap_max: Fraction = Fraction(300_000)
    overlap_free: Fraction = Fraction(200_000)
    agree_min: int = 3
    agree_factor: Fraction = Fraction(1_500_000)
    vote_margin: Fraction = Fraction(100_000)
    """By how much the winning side's share of the votes must exceed one half."""
    uncertain_low: int = 350_000
    uncertain_high: int = 650_000
    """Prices between which a market counts as uncertain."""
    voice_ns: int = DAY
    """How long a whale's purchase speaks."""

    # Markets.
    entry_before_end_ns: int = 3 * HOUR  # not money: hours to nanoseconds
    exit_before_end_ns: int = 2 * HOUR  # not money: hours to nanoseconds
    volume_24h_min_usd: Usd = dollars(50_000)
    spread_max: int = 30_000
    book_max_age_ns: int = 10 * SECOND  # not money: seconds to nanoseconds
    price_band: Fraction = Fraction(50_000)
    price_band_ticks: int = 2
    price_average_ns: int = 10 * SECOND  # not money: seconds to nanoseconds
    """Over how long the recent average price is taken."""
    swing_max: int = 200_000
    """How far an event market's prices may range within that time before its tape counts as anomalous."""

    # Exits.
    stop_loss: Fraction = Fraction(150_000)
    take_profit: Fraction = Fraction(300_000)
    trailing_arm: Fraction = Fraction(150_000)
    trailing_stop: Fraction = Fraction(100_000)
    """Below the highest price since entry, once that was ``trailing_arm`` above it."""
    loss_per_trade_usd: Usd = Usd(0)
    exits_updown: bool = True
    """Whether crypto up/down positions are stopped like others, or held to resolution."""
    exit_step_ns: int = 3 * SECOND  # not money: seconds to nanoseconds
    """How long each step of a forced exit may take before the next, dearer one."""
    exit_slip: tuple[Fraction, ...] = (Fraction(20_000), Fraction(50_000), Fraction(100_000), Fraction(250_000))
    """How far below the best bid each step may sell; after the last step, at any price."""
    exit_slip_told: Fraction = Fraction(20_000)
    """A forced exit that sold this much below the price that triggered it is reported."""

    # Execution.
    pending_ns: int = 5 * SECOND  # not money: seconds to nanoseconds
    order_life_ns: int = 30 * SECOND  # not money: seconds to nanoseconds
    answer_timeout_ns: int = 30 * SECOND  # not money: seconds to nanoseconds
    phase_life_ns: tuple[int, ...] = (30 * SECOND, 45 * SECOND, 60 * SECOND)  # not money: seconds to nanoseconds
    phase_step: tuple[int, ...] = (0, 20_000, 50_000)
    """How much worse than the target each phase may be, in micro-dollars per share."""
    phase_cut: tuple[Fraction, ...] = (Fraction(0), Fraction(100_000), Fraction(250_000))
    """How much of what is left each phase gives up."""
    slippage_limit: Fraction = Fraction(20_000)
    slippage_market: Fraction = Fraction(50_000)
    twap_above_usd: Usd = dollars(500)
    twap_slices: int = 4
    twap_every_ns: int = 10 * SECOND  # not money: seconds to nanoseconds
    retries: int = 3
    retry_first_ns: int = 500 * MILLISECOND  # not money: milliseconds to nanoseconds


KELLY_MAX = Fraction(500_000)
POSITION_MAX = Fraction(100_000)


def checked(limits: Limits) -> Limits:
    """The limits themselves, or ``BadInput`` with one sentence that names the field and the value."""
    for bound in BOUNDS:
        value = getattr(limits, bound.name)
        for one in value if isinstance(value, tuple) else (value,):
            wrong = bound.broken_by(one)
            if wrong:
                raise BadInput(f"{bound.name} {wrong}")
    if limits.kelly > KELLY_MAX:
        raise BadInput(f"kelly must not exceed 0.5, not {format_micro(limits.kelly)}")
    if limits.position_of_equity > POSITION_MAX:
        raise BadInput(f"position_of_equity must not exceed 0.1, not {format_micro(limits.position_of_equity)}")
    _check_order(limits)
    _check_lists(limits)
    return limits


_NOT_ABOVE = (
    ("trade_min_usd", "trade_max_usd"),
    ("drawdown_reduce", "drawdown_halt"),
    ("diversification_min", "diversification_target"),
    ("overlap_free", "overlap_max"),
    ("exit_before_end_ns", "entry_before_end_ns"),
    ("uncertain_low", "uncertain_high"),
)
"""Pairs of which the first may not exceed the second."""


def _check_order(limits: Limits) -> None:
    """Limits that only make sense beside each other."""
    pairs: tuple[tuple[str, str], ...] = _NOT_ABOVE
    if limits.drawdown_reduce_more:  # the second step is in use
        pairs = (*pairs, ("drawdown_reduce", "drawdown_reduce_more"), ("drawdown_reduce_more", "drawdown_halt"))
        pairs = (*pairs, ("drawdown_factor_more", "drawdown_factor"))
    if limits.loss_per_trade_usd:
        pairs = (*pairs, ("trade_min_usd", "loss_per_trade_usd"))
    for smaller, larger in pairs:
        if getattr(limits, smaller) > getattr(limits, larger):
            raise BadInput(f"{smaller} {_plain(limits, smaller)} exceeds {larger} {_plain(limits, larger)}")


def _plain(limits: Limits, name: str) -> str:
    value: int = getattr(limits, name)
    return str(value) if name.endswith("_ns") else format_micro(value)


def _check_lists(limits: Limits) -> None:
    """Phases are described by three lists of one length, and each step of an exit goes further than the one before."""
    lengths = (len(limits.phase_life_ns), len(limits.phase_step), len(limits.phase_cut))
    if not limits.phase_life_ns:
        raise BadInput("phase_life_ns must name at least one phase, not 0")
    if lengths[1] != lengths[0]:
        raise BadInput(f"phase_step must have a value per phase of phase_life_ns ({lengths[0]}), not {lengths[1]}")
    if lengths[2] != lengths[0]:
        raise BadInput(f"phase_cut must have a value per phase of phase_life_ns ({lengths[0]}), not {lengths[2]}")
    for before, after in pairwise(limits.phase_step):
        if after < before:
            raise BadInput(f"phase_step must not fall from {format_micro(before)} to {format_micro(after)}")
    if not limits.exit_slip:
        raise BadInput("exit_slip must name at least one step, not 0")
    for before, after in pairwise(limits.exit_slip):
        if after <= before:
            raise BadInput(
                f"exit_slip must rise with every step, not go from {format_micro(before)} to {format_micro(after)}"
            )
