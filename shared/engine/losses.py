"""What we have lost and what that stops: the switch, the day, the week, the drawdown, rows of losses, single whales.

What is over when a time has come or a person has looked is latched, so that a halt does not end because prices moved
back a little.
"""

from msgspec import Struct

from shared.domain.decision import Reason
from shared.domain.instants import end_of_day, end_of_week
from shared.domain.ledger import CASH, PROVISIONAL, PUSD, RESERVED, Position
from shared.domain.money import MICRO_MAX, ONE, Usd, millionths, mul_div_floor, part
from shared.engine.ledger import Projection
from shared.engine.limits import Limits
from shared.engine.marks import Marks
from shared.engine.scaling import Recovery, Streak, after_result, day_ended, drawdown_factor, reduced

Numbers = tuple[tuple[str, int], ...]
"""Names and values in millionths: what was measured, and the limit it was held against."""

_CASH = (CASH, PUSD)
_RESERVED = (RESERVED, PUSD)
_PROVISIONAL = (PROVISIONAL, PUSD)


class Latch(Struct, frozen=True, gc=False):
    """Something that stays tripped until ``ends_at`` (0: until a person resumes), and the numbers it tripped at."""

    since: int
    ends_at: int
    numbers: Numbers


class Lines(Struct, frozen=True, gc=False):
    """Equities at or below which something happens, drawn anew when what they are measured from moves.

    ``reduce``: where the slow recovery begins (under the rule of streaks: never). ``first``: the highest of them, so
    that an account above it costs one comparison.
    """

    peak: Usd
    day_start: Usd
    week_start: Usd
    halt: int
    reduce: int
    day: int
    week: int
    first: int


NEVER = -MICRO_MAX
"""No equity falls to this line."""


def _lines(peak: Usd, day_start: Usd, week_start: Usd, limits: Limits) -> Lines:
    """Of $ and % the smaller wins; a limit of nothing at all is reached by the first micro-dollar lost."""
    halt = peak - part(peak, limits.drawdown_halt) if peak > 0 else NEVER
    reduce = peak - part(peak, limits.drawdown_reduce) if limits.recovery_days else NEVER
    day = day_start - max(min(limits.daily_loss_usd, part(day_start, limits.daily_loss_of_equity)), 1)
    week = week_start - limits.weekly_loss_usd if limits.weekly_loss_usd else NEVER
    return Lines(peak, day_start, week_start, halt, reduce, day, week, max(halt, reduce, day, week))


class Losses:
    """Equity and results against the limits on losses. Amounts in micro-dollars, event times in nanoseconds."""

    def __init__(self, limits: Limits, books: Projection, marks: Marks) -> None:
        self.limits = limits
        self.trading = True
        self.stopped_because = ""
        self.stopped_at = 0
        self.resumed_at = 0
        self.peak = Usd(0)
        self.day_ends_at = 0
        self.week_ends_at = 0
        self.streak = Streak()
        self.recovery = Recovery()
        self._books = books
        self._marks = marks
        self._day_start = Usd(0)
        self._week_start = Usd(0)
        self._lines = _lines(Usd(0), Usd(0), Usd(0), limits)
        self._latched: dict[Reason, Latch] = {}
        self._told: dict[Reason, int] = {}
        self._source_losses: dict[str, int] = {}
        self._sources_out: dict[str, Latch] = {}
        self._results: dict[str, int] = {}
        self._losses = 0

    def relimit(self, limits: Limits, at: int) -> None:
        """Other limits. What has tripped stays so until it ends; what the new ones forbid already trips, losses of
        equity at the next look. A slow recovery is forgotten where streaks rule from now on.
        """
        self.limits = limits
        self._lines = _lines(self.peak, self._day_start, self._week_start, limits)
        if not limits.recovery_days:
            self.recovery = Recovery()
        self._judge_row(at)
        for source in self._source_losses:
            self._judge_source(source, at)

    @property
    def drawdown_halted(self) -> bool:
        """Whether the drawdown limit was reached and nobody has resumed since."""
        return Reason.HALTED_DRAWDOWN in self._latched

    def equity(self) -> Usd:
        """Cash, cash reserved for open orders, proceeds that have not settled, and marked positions."""
        balances = self._books.balances
        cash = balances.get(_CASH, 0) + balances.get(_RESERVED, 0) + balances.get(_PROVISIONAL, 0)
        return Usd(cash + self._marks.total)

    @property
    def lost_today(self) -> Usd:
        """Less equity than the day began with; 0 when there is more."""
        return Usd(max(self._day_start - self.equity(), 0))

    @property
    def lost_this_week(self) -> Usd:
        """Less equity than the week began with; 0 when there is more."""
        return Usd(max(self._week_start - self.equity(), 0))

    @property
    def daily_loss_limit(self) -> Usd:
        """What today may lose: of dollars and percent the smaller."""
        return Usd(min(self.limits.daily_loss_usd, part(self._day_start, self.limits.daily_loss_of_equity)))

    @property
    def losses_in_a_row(self) -> int:
        """Positions closed with a loss since the last gain."""
        return self._losses

    # ------------------------------------------------------------------ facts

    def begin_day(self, at: int) -> None:
        """Limits of the day (and on Mondays of the week) start anew; called before anything of the day happens."""
        if at < self.day_ends_at:
            return
        equity = self.equity()
        if self.limits.recovery_days:
            self.recovery = day_ended(self.recovery, equity - self._day_start, at, self.limits)
        self.day_ends_at = end_of_day(at)
        self._day_start = equity
        self._source_losses = {}
        self._sources_out = {}
        if at >= self.week_ends_at:
            self.week_ends_at = end_of_week(at)
            self._week_start = equity

    def deposited(self, amount: Usd) -> None:
        """Money from outside is no profit: it moves the marks that losses are measured from."""
        self._day_start = Usd(self._day_start + amount)
        self._week_start = Usd(self._week_start + amount)
        self.peak = Usd(self.peak + amount)

    def booked(self, position: Position, at: int, realized: int) -> None:
        """A position changed and realised so much: rows of results (by closed position), each whale's day."""
        source, key = position.source, position.key
        self._source_losses[source] = self._source_losses.get(source, 0) - realized
        self._judge_source(source, at)
        total = self._results.pop(key, 0) + realized
        if position.size != 0:
            self._results[key] = total
            return
        self.streak = after_result(self.streak, total, at, self.limits)
        self._losses = self._losses + 1 if total < 0 else 0
        self._judge_row(at)

    def _judge_source(self, source: str, at: int) -> None:
        """Whether a whale has lost its limit of the day."""
        lost, most = self._source_losses[source], self.limits.source_daily_loss_usd
        if lost >= most and lost > 0 and source not in self._sources_out:
            numbers = (("whale_lost_today", lost), ("source_daily_loss_usd", int(most)))
            self._sources_out[source] = Latch(at, self.day_ends_at, numbers)

    def _judge_row(self, at: int) -> None:
        """Whether there were too many losses in a row; if so, the next row begins."""
        limits = self.limits
        if self._losses >= limits.losses_to_pause:
            self._losses = 0
            row = millionths(limits.losses_to_pause)
            numbers = (("losses_in_a_row", row), ("losses_to_pause", row))
            if limits.losses_need_person:
                self._latched[Reason.HALTED_LOSSES] = Latch(at, 0, numbers)
            else:
                self._latched[Reason.PAUSED_LOSSES] = Latch(at, at + limits.pause_ns, numbers)

    def stop(self, reason: str, at: int = 0) -> None:
        """The kill switch is on."""
        if self.trading:
            self.stopped_at = at
        self.trading = False
        self.stopped_because = reason

    def resume(self, at: int = 0) -> None:
        """A person cleared the switch, and with it what waits for a person: losses are measured from here again."""
        self.trading = True
        self.stopped_because = ""
        self.resumed_at = at
        self._latched = {reason: latch for reason, latch in self._latched.items() if latch.ends_at}
        self._told = {reason: since for reason, since in self._told.items() if reason in self._latched}
        self.peak = self.equity()

    # ------------------------------------------------------------------ what outlives us

    def fresh_latches(self) -> list[Reason]:
        """Latches that were set since this was last asked, each once."""
        fresh = [reason for reason, latch in self._latched.items() if self._told.get(reason) != latch.since]
        for reason in fresh:
            self._told[reason] = self._latched[reason].since
        return fresh

    def relatch(self, reason: Reason, at: int) -> None:
        """The journal says that this halted or paused us then; set again unless it is known already."""
        if reason not in self._latched:
            ends = {
                Reason.HALTED_DAILY_LOSS: end_of_day(at),
                Reason.HALTED_WEEKLY_LOSS: end_of_week(at),
                Reason.PAUSED_LOSSES: at + self.limits.pause_ns,
            }
            self._latched[reason] = Latch(at, ends.get(reason, 0), ())
        self._told[reason] = self._latched[reason].since

    # ------------------------------------------------------------------ judgement

    def look(self, at: int) -> None:
        """Take the equity as it is: the peak, the drawdown, and what the day and the week have lost.

        Asked before each entry, and by the pulse, so that a loss that has come and gone between two entries halts too.
        """
        equity = self.walked(at)
        if equity <= self._lines.halt and not self.drawdown_halted:
            deep = mul_div_floor(self.peak - equity, ONE, self.peak)
            numbers = (("drawdown", deep), ("drawdown_halt", int(self.limits.drawdown_halt)))
            self._latched[Reason.HALTED_DRAWDOWN] = Latch(at, 0, numbers)

    def walked(self, at: int) -> Usd:
        """``look`` without the drawdown's halt, for records of the past; returns the equity.

        A person may have cleared an old drawdown since, which the journal does not say; whether one halts is asked at
        the end of the walk, of what the account is worth then.
        """
        equity = self.equity()
        self.peak = max(self.peak, equity)
        lines = self._lines
        if lines.peak != self.peak or lines.day_start != self._day_start or lines.week_start != self._week_start:
            lines = self._lines = _lines(self.peak, self._day_start, self._week_start, self.limits)
        if equity <= lines.first:
            self._below(equity, lines, at)
        return equity

    def _below(self, equity: Usd, lines: "Lines", at: int) -> None:
        """The equity is at or below some line."""
        if equity <= lines.day:
            lost, most = self._day_start - equity, self._day_start - lines.day
            self._lost_too_much(Reason.HALTED_DAILY_LOSS, "day", lost, most, at, self.day_ends_at)
        if equity <= lines.week:
            lost, most = self._week_start - equity, self._week_start - lines.week
            self._lost_too_much(Reason.HALTED_WEEKLY_LOSS, "week", lost, most, at, self.week_ends_at)
        if equity <= lines.reduce:
            factor = drawdown_factor(equity, self.peak, self.limits)
            self.recovery = reduced(self.recovery, factor, at, self.limits)

    def _lost_too_much(self, reason: Reason, of: str, lost: int, most: int, at: int, ends_at: int) -> None:
        latch = self._latched.get(reason)
        if latch is None or latch.ends_at <= at:
            self._latched[reason] = Latch(at, ends_at, ((f"{of}_lost", lost), (f"{of}_loss_limit", int(most))))

    def _is_latched(self, reason: Reason, at: int) -> bool:
        latch = self._latched[reason]
        if latch.ends_at and at >= latch.ends_at:
            del self._latched[reason]
            return False
        return True
