"""Size factors (specification 8): what makes an entry larger or smaller before any cap is asked.

All in millionths. Streaks belong to copying; a model's size comes back slowly after a drawdown instead.
"""

from msgspec import Struct
from msgspec.structs import replace

from shared.domain.instants import DAY
from shared.domain.money import ONE, Fraction, Usd, between, inverse_factor, mul_div_floor, part, product
from shared.engine.limits import Limits

WEEK = 7 * DAY  # not money: days to nanoseconds
FULL = Fraction(ONE)
BETS_MIN = 3
"""Of fewer bets a diversification score says nothing (``analytics.portfolio.diversification_action``)."""


class Streak(Struct, frozen=True, gc=False):
    """Wins and losses in a row since size last changed, the factor they led to, and when it last changed."""

    wins: int = 0
    losses: int = 0
    factor: Fraction = FULL
    changed_at: int = 0


def after_result(streak: Streak, result: int, at: int, limits: Limits) -> Streak:
    """A position closed with this result (micro-dollars): every ``streak_wins`` wins in a row step up, every
    ``streak_losses`` losses down, within scale_min..scale_max. Nothing won or lost ends either row.
    """
    wins = streak.wins + 1 if result > 0 else 0
    losses = streak.losses + 1 if result < 0 else 0
    if wins < limits.streak_wins and losses < limits.streak_losses:
        return replace(streak, wins=wins, losses=losses)
    step = limits.streak_up if result > 0 else limits.streak_down
    moved = product(streak_factor(streak, at, limits), step)
    return Streak(0, 0, Fraction(min(max(moved, limits.scale_min), limits.scale_max)), at)


def streak_factor(streak: Streak, at: int, limits: Limits) -> Fraction:
    """The factor now: ONE again ``scale_reset_ns`` after its last change."""
    return streak.factor if at - streak.changed_at < limits.scale_reset_ns else FULL


class Recovery(Struct, frozen=True, gc=False):
    """After a drawdown: the factor it led to, profitable days since it ended, when there were enough (0: not yet)."""

    factor: Fraction = FULL
    days: int = 0
    ready_at: int = 0


def reduced(recovery: Recovery, factor: Fraction, at: int, limits: Limits) -> Recovery:
    """Still in a drawdown that asks for ``factor``: size is no larger than that, and no day counts yet."""
    if recovery.factor <= factor and not recovery.days:
        return recovery
    return Recovery(Fraction(min(recovery_factor(recovery, at, limits), factor)))


def day_ended(recovery: Recovery, profit: int, at: int, limits: Limits) -> Recovery:
    """A day ended with this profit (micro-dollars); only profitable ones count, in a row or not."""
    if recovery.factor == FULL or recovery.ready_at or profit <= 0:
        return recovery
    days = recovery.days + 1
    return replace(recovery, days=days, ready_at=at if days >= limits.recovery_days else 0)


def recovery_factor(recovery: Recovery, at: int, limits: Limits) -> Fraction:
    """The factor now: once there were enough profitable days it grows by ``recovery_per_week`` at the beginning of
    each week, until it is ONE.
    """
    factor = recovery.factor
    if not recovery.ready_at or not limits.recovery_per_week:
        return factor
    grown_at = recovery.ready_at
    while factor < FULL and grown_at <= at:
        factor = Fraction(min(factor + max(part(Usd(factor), limits.recovery_per_week), 1), FULL))
        grown_at += WEEK
    return factor


def drawdown_factor(equity: Usd, peak: Usd, limits: Limits) -> Fraction:
    """The factor of the deepest step that the equity has fallen to, below its highest value."""
    if limits.drawdown_reduce_more and equity <= peak - part(peak, limits.drawdown_reduce_more):
        return limits.drawdown_factor_more
    return limits.drawdown_factor if equity <= peak - part(peak, limits.drawdown_reduce) else FULL


class Scene(Struct, frozen=True, gc=False):
    """What size depends on, besides the wish. Factors and shares in millionths, ``spread`` in micro-dollars.

    ``history``: of streaks, or of the slow recovery. 0 of ``spread`` and ``volatility``: unknown, so nothing is taken
    off for them. ``repeats``, ``diversification`` and ``bets`` as in ``Figures``.
    """

    drawdown: Fraction = FULL
    history: Fraction = FULL
    confidence: Fraction = FULL
    agreement: Fraction = FULL
    spread: int = 0
    volatility: int = 0
    repeats: int = 0
    diversification: Fraction = FULL
    bets: int = 0


def scaled(scene: Scene, limits: Limits) -> tuple[Fraction, tuple[tuple[str, int], ...]]:
    """The product of all factors, each product rounded down, and by name those that are not ONE."""
    factors = (
        ("drawdown_factor", scene.drawdown),
        ("recovery_factor" if limits.recovery_days else "streak_factor", scene.history),
        ("confidence_factor", between(limits.confidence_factor, scene.confidence)),
        ("agree_factor", scene.agreement),
        ("spread_factor", limits.spread_factor if scene.spread > limits.spread_reduce else FULL),
        ("volatility_factor", inverse_factor(limits.volatility_normal, scene.volatility)),
        ("repeats_factor", limits.repeats_factor if scene.repeats > limits.repeats_max else FULL),
        ("diversification_factor", _spread_of_bets(scene, limits)),
    )
    total, named = FULL, []
    for name, factor in factors:
        if factor != ONE:
            total = product(total, factor)
            named.append((name, int(factor)))
    return total, tuple(named)


def _spread_of_bets(scene: Scene, limits: Limits) -> Fraction:
    """Short of the target score, size is smaller in proportion: what is added lowers the score less."""
    if scene.bets < BETS_MIN or scene.diversification >= limits.diversification_target:
        return FULL
    return Fraction(mul_div_floor(scene.diversification, ONE, limits.diversification_target))
