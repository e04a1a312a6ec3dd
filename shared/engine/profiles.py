"""Named limits (specification 8 and 9) and the capital stages in which more money is let in (specification 12)."""

from msgspec import Struct
from msgspec.structs import replace

from shared.domain.errors import BadInput
from shared.domain.money import ONE, Fraction, Usd, dollars, format_micro, format_usd
from shared.engine.limits import POSITION_MAX, Limits, checked

PROFILES: dict[str, Limits] = {
    "copy": Limits(),
    "model": Limits(
        # The specification gives a model no daily limit in percent and no cap per whale: dollars and exposure rule.
        position_of_equity=Fraction(20_000),
        exposure_of_equity=Fraction(300_000),
        positions_max=5,
        topic_counts_all=True,
        daily_loss_usd=dollars(200),
        daily_loss_of_equity=Fraction(ONE),
        weekly_loss_usd=dollars(500),
        drawdown_reduce=Fraction(100_000),
        drawdown_factor=Fraction(750_000),
        drawdown_reduce_more=Fraction(150_000),
        drawdown_factor_more=Fraction(500_000),
        drawdown_halt=Fraction(200_000),
        losses_to_pause=5,
        losses_need_person=True,
        recovery_days=10,
        recovery_per_week=Fraction(100_000),
        loss_per_trade_usd=dollars(50),
        price_band=Fraction(0),
        # Held to resolution.
        stop_loss=Fraction(0),
        take_profit=Fraction(0),
        trailing_arm=Fraction(0),
        trailing_stop=Fraction(0),
        exits_updown=False,
    ),
}
"""``copy``: following whales; ``model``: strategies with a fair value of their own, in larger conviction and fewer."""


class Stage(Struct, frozen=True, gc=False):
    """How much money may be at work, and what must have happened before the next stage opens.

    ``capital_max`` and ``trade_max`` in micro-dollars, 0: none. ``days`` in this stage, ``trades`` closed in it,
    profitable ``months`` and a ``sharpe`` (millionths) to exceed; 0: not asked for. ``replaces_position_cap``: a
    position may be as large as a trade of this stage, whatever share of the equity that is (up to POSITION_MAX).
    """

    name: str
    capital_min: Usd
    capital_max: Usd
    trade_min: Usd
    trade_max: Usd
    days: int = 0
    trades: int = 0
    months: int = 0
    sharpe: int = 0
    replaces_position_cap: bool = False

    def asked(self) -> dict[str, str]:
        """What must have happened before the next stage opens, by the field of ``Progress``, in words."""
        words = {
            "days": f"{self.days} days in {self.name}",
            "trades": f"{self.trades} trades in {self.name}",
            "months": f"{self.months} profitable months",
            "sharpe": f"a Sharpe ratio above {format_micro(self.sharpe)}",
        }
        return {field: text for field, text in words.items() if getattr(self, field)}


STAGES: dict[str, tuple[Stage, ...]] = {
    "copy": (
        Stage("1k", dollars(0), dollars(1_000), dollars(10), dollars(1_000), days=7),
        Stage("10k", dollars(1_000), dollars(10_000), dollars(10), dollars(1_000), days=30),
        Stage("100k", dollars(10_000), dollars(100_000), dollars(10), dollars(1_000)),
    ),
    # The specification names 100 trades for the small stage alone; a stage that anybody may leave at once is none, so
    # the micro stage asks for as many.
    "model": (
        Stage("micro", dollars(500), dollars(1_000), dollars(50), dollars(100), trades=100, replaces_position_cap=True),
        Stage(
            "small", dollars(2_000), dollars(5_000), dollars(100), dollars(200), trades=100, replaces_position_cap=True
        ),
        Stage("medium", dollars(10_000), dollars(20_000), dollars(200), dollars(500), months=6, sharpe=ONE),
        Stage("beyond", dollars(20_000), Usd(0), dollars(200), Usd(0)),
    ),
}


def profile(name: str) -> Limits:
    """The checked limits of a profile; ``BadInput`` for a name there is not."""
    limits = PROFILES.get(name)
    if limits is None:
        raise BadInput(f"profile must be {' or '.join(PROFILES)}, not {name!r}")
    return checked(limits)


def stage_of(profile_name: str, name: str) -> Stage:
    """A stage of a profile by name; ``BadInput`` for a profile or a stage there is not."""
    stages = _stages(profile_name)
    for stage in stages:
        if stage.name == name:
            return stage
    raise BadInput(f"stage of {profile_name} must be {', '.join(stage.name for stage in stages)}, not {name!r}")


def _stages(profile_name: str) -> tuple[Stage, ...]:
    stages = STAGES.get(profile_name)
    if stages is None:
        raise BadInput(f"profile must be {' or '.join(STAGES)}, not {profile_name!r}")
    return stages


def staged(limits: Limits, stage: Stage) -> Limits:
    """The limits as far as the stage lets them go: never more than either allows; ``BadInput`` if nothing is left.

    Where the stage's size replaces the cap of a position, it is a cap in dollars on the market, and the cap in percent
    is raised to POSITION_MAX.
    """
    changes: dict[str, object] = {}
    if stage.capital_max:
        changes["portfolio_usd"] = min(limits.portfolio_usd, stage.capital_max)
        changes["strategy_usd"] = min(limits.strategy_usd, stage.capital_max)
    if stage.trade_max:
        changes["trade_max_usd"] = min(limits.trade_max_usd, stage.trade_max)
    if stage.replaces_position_cap:
        changes["position_of_equity"] = POSITION_MAX
        changes["market_usd"] = min(limits.market_usd, stage.trade_max)
    return checked(replace(limits, **changes))


class Progress(Struct, frozen=True, gc=False):
    """What happened in a stage: whole days, closed trades, profitable months, and the Sharpe ratio in millionths."""

    days: int
    trades: int
    months: int
    sharpe: int


class NextStage(Struct, frozen=True, gc=False):
    """Which stage follows (empty after the last), whether it is open, and one sentence why or why not."""

    name: str
    open: bool
    why: str


def next_stage(profile_name: str, name: str, progress: Progress) -> NextStage:
    """Whether the stage after this one is open; a person still has to enter it. ``BadInput`` for an unknown name."""
    stage = stage_of(profile_name, name)
    stages = _stages(profile_name)
    place = stages.index(stage) + 1
    if place == len(stages):
        return NextStage("", open=False, why=f"{name} is the last stage")
    after = stages[place].name
    lacking = _lacking(stage, progress)
    if lacking:
        return NextStage(after, open=False, why=f"{after} opens after {' and '.join(lacking)}")
    reach = f"up to {format_usd(stages[place].capital_max)}" if stages[place].capital_max else "without a ceiling"
    return NextStage(after, open=True, why=f"every condition of {name} is met: {after}, {reach}, is open")


def _lacking(stage: Stage, progress: Progress) -> list[str]:
    """Each condition that is not met, with what there is."""
    lacking = []
    for field, words in stage.asked().items():
        least, got = getattr(stage, field), getattr(progress, field)
        if field == "sharpe" and got <= least:
            lacking.append(f"{words} (now {format_micro(got)})")
        elif field != "sharpe" and got < least:
            lacking.append(f"{words} (now {got})")
    return lacking
