"""The breakers at work: each entry asks here whether it may be made, and people ask what stands in its way.

``losses`` takes the facts about our money, ``outside`` those about the world; ``breakers`` is the table in words.
"""

from collections.abc import Iterator

from shared.domain.decision import Reason
from shared.domain.money import Fraction, format_micro, millionths
from shared.domain.tables import Figures
from shared.engine.breakers import Breaker, Standing, table
from shared.engine.ledger import Projection
from shared.engine.limits import Limits
from shared.engine.losses import Losses, Numbers
from shared.engine.marks import Marks
from shared.engine.outside import ALWAYS_NEEDED, STORE, Outside
from shared.engine.scaling import FULL, drawdown_factor, recovery_factor
from shared.engine.windows import Tally

_LATCHING = (
    Reason.HALTED_DRAWDOWN,
    Reason.HALTED_DAILY_LOSS,
    Reason.HALTED_WEEKLY_LOSS,
    Reason.HALTED_LOSSES,
    Reason.PAUSED_LOSSES,
)


class Guard(Losses, Outside):
    """Every breaker of the table over the engine's belief. Event times in nanoseconds."""

    def __init__(self, limits: Limits, books: Projection, marks: Marks) -> None:
        Losses.__init__(self, limits, books, marks)
        Outside.__init__(self, limits)
        self._table = table(limits)

    def relimit(self, limits: Limits, at: int) -> None:
        """Other limits: breakers are asked by them from now on, and the portfolio's figures are weighed again."""
        Losses.relimit(self, limits, at)
        Outside.relimit(self, limits, at)
        self._table = table(limits)
        if self.figures.as_of:
            self.publish(self.figures, at)

    def entered(self, at: int) -> None:
        """An entry was planned: it counts against the order rate."""
        self._entries.add(at)

    def publish(self, figures: Figures, at: int = 0) -> None:
        """What the portfolio could lose, from now on."""
        self.weigh(figures, self.equity(), at)

    # ------------------------------------------------------------------ the gate

    def breaker(self, source: str, at: int) -> Reason | None:
        """Why no entry may be made now, or None; the first in the order of the table."""
        if not self.trading:
            return Reason.TRADING_DISABLED
        self.look(at)
        if self._latched:
            for reason in _LATCHING:
                if reason in self._latched and self._is_latched(reason, at):
                    return reason
        if self.feeds_down:
            reason_of_feed = self._feed_reason()
            if reason_of_feed is not None:
                return reason_of_feed
        limits = self.limits
        if self._errors.exceeds(at, limits.api_errors_per_hour):
            return Reason.HALTED_API_ERRORS
        if self._failures.exceeds(at, limits.failed_settlements_per_hour):
            return Reason.HALTED_SETTLEMENTS
        if at <= self._spot.ends_at:
            return Reason.HALTED_SPOT_MOVE
        for too_much, _, _ in self._too_much.values():
            return too_much
        return Reason.WHALE_DAILY_LOSS if source in self._sources_out else None

    # ------------------------------------------------------------------ for people

    def numbers(self, reason: Reason, source: str, at: int) -> Numbers:
        """What was measured and the limit it was held against, for the record of an entry refused for ``reason``."""
        latch = self._sources_out.get(source) if reason is Reason.WHALE_DAILY_LOSS else self._latched.get(reason)
        if latch is not None:
            return latch.numbers
        limits = self.limits
        match reason:
            case Reason.HALTED_FEED:
                return (("feeds_down", millionths(sum(feed in self.feeds_down for feed in self.needs))),)
            case Reason.HALTED_API_ERRORS:
                return _counted("api_errors", self._errors.count(at), "api_errors_per_hour", limits.api_errors_per_hour)
            case Reason.HALTED_SETTLEMENTS:
                most = limits.failed_settlements_per_hour
                return _counted("failed_settlements", self._failures.count(at), "failed_settlements_per_hour", most)
            case Reason.HALTED_SPOT_MOVE:
                return (("spot_moved", int(self._spot.moved)), ("spot_move", int(limits.spot_move)))
            case Reason.HALTED_VAR | Reason.HALTED_STRESS:
                return next((numbers for why, _, numbers in self._too_much.values() if why is reason), ())
            case Reason.ORDER_RATE:
                most = limits.entries_per_minute
                return _counted("entries", self._entries.count(at), "entries_per_minute", most)
        return ()

    def standing(self, at: int) -> list[Standing]:
        """Every breaker that is tripped, in the order of the table, as of the last look at the equity (each second, and
        before each entry). Asking changes nothing, so that a tape is not different for being watched.
        """
        return [
            Standing(row.name, key, row.action, since, ends_at, f"{row.condition}: {said}")
            for row in self._table
            for key, since, ends_at, said in self._tripped(row, at)
        ]

    def _tripped(self, row: Breaker, at: int) -> Iterator[tuple[str, int, int, str]]:
        """Key, beginning, end and words of each case of a breaker that is tripped."""
        limits, down = self.limits, self.feeds_down
        match row.name:
            case "kill_switch":
                if not self.trading:
                    yield "", self.stopped_at, 0, self.stopped_because
            case "feed" | "job" | "store":
                jobs = [feed for feed in self.needs if feed not in (*ALWAYS_NEEDED, STORE)]
                asked = {"feed": list(ALWAYS_NEEDED), "job": jobs, "store": [STORE]}[row.name]
                for feed in asked:
                    if feed in down:
                        yield feed, self._feeds_down_at.get(feed, 0), 0, f"{feed}: {down[feed]}"
            case "api_errors":
                yield from self._flooded(self._errors, at, limits.api_errors_per_hour)
            case "settlements":
                yield from self._flooded(self._failures, at, limits.failed_settlements_per_hour)
            case "order_rate":
                yield from self._flooded(self._entries, at, limits.entries_per_minute - 1)
            case "exit_rate":
                yield from self._flooded(self._exits, at, limits.exits_per_minute - 1)
            case "spot_move":
                if at <= self._spot.ends_at:
                    said = _worded(self.numbers(Reason.HALTED_SPOT_MOVE, "", at))
                    yield "", self._spot.since, self._spot.ends_at, said
            case "var" | "cvar" | "stress":
                if row.name in self._too_much:
                    _, since, numbers = self._too_much[row.name]
                    yield "", since, 0, _worded(numbers)
            case "whale_daily_loss":
                for source, latch in self._sources_out.items():
                    yield source, latch.since, latch.ends_at, _worded(latch.numbers)
            case "drawdown_reduce" | "drawdown_reduce_more":
                yield from self._reduction(row.name, at)
            case _:
                if row.reason in self._latched and self._is_latched(row.reason, at):
                    latch = self._latched[row.reason]
                    yield "", latch.since, latch.ends_at, _worded(latch.numbers)

    def _flooded(self, tally: Tally, at: int, most: int) -> Iterator[tuple[str, int, int, str]]:
        since, ends_at = tally.exceeded(at, most)
        if since:
            yield "", since, ends_at, f"{tally.count(at)} now"

    def _reduction(self, name: str, at: int) -> Iterator[tuple[str, int, int, str]]:
        """The deepest step reached, or the recovery that follows it; since when depends on whom you ask."""
        limits = self.limits
        factor = drawdown_factor(self.equity(), self.peak, limits)
        deepest = "drawdown_reduce"
        if limits.drawdown_reduce_more and factor == limits.drawdown_factor_more:
            deepest = "drawdown_reduce_more"
        factor = Fraction(min(factor, recovery_factor(self.recovery, at, limits)))
        if name == deepest and factor != FULL:
            yield "", 0, 0, f"size x {format_micro(factor)}"


def _counted(name: str, count: int, limit_name: str, limit: int) -> Numbers:
    return ((name, millionths(count)), (limit_name, millionths(limit)))


def _worded(numbers: Numbers) -> str:
    return ", ".join(f"{name} {format_micro(value)}" for name, value in numbers)
