"""The breakers of the specification, recomputed from what was told and written: why no entry may be made now.

Written from the table's words and not from the engine: equity against lines, windows counted one by one, and BTC
compared with every price of the window. It may look at the account as often as the engine does (each second, and
before an entry), and sees a new day when the first second of it is told.
"""

from collections import deque
from collections.abc import Iterator

from shared.domain.instants import HOUR, MINUTE, SECOND, end_of_day, end_of_week
from shared.domain.ledger import Position, Record, RecordKind
from shared.domain.money import ONE
from shared.domain.order import Order, Side
from shared.domain.tables import Figures
from shared.engine.limits import Limits
from tests.prove.shadow import Shadow, fraction_of

NEEDED = ("switch", "clock", "whales", "books", "store")


class Watchman:
    """Around a ``Shadow``. ``trading``: whether the switch allows it."""

    def __init__(self, limits: Limits, shadow: Shadow) -> None:
        self.limits = limits
        self.shadow = shadow
        self.trading = True
        self.peak = 0
        self.day_start = self.week_start = 0
        self.day_ends_at = self.week_ends_at = 0
        self.deep = False
        self.halted_until: dict[str, int] = {}
        self.row = 0
        self.row_halts = False
        self.results: dict[str, int] = {}
        self.lost_today: dict[str, int] = {}
        self.sources_out: dict[str, None] = {}
        self.entries: deque[int] = deque()
        self.exits: deque[int] = deque()
        self._forget_the_world()

    def _forget_the_world(self) -> None:
        """What an engine knows of the outside ends with its life."""
        self.down: dict[str, None] = {}
        self.errors: deque[int] = deque()
        self.failures: deque[int] = deque()
        self.spot: deque[tuple[int, int]] = deque()
        self.moved_until = -1
        self.figures = Figures(0)
        self.stress_max = 0

    # ------------------------------------------------------------------ facts

    def begin_day(self, at: int) -> None:
        """The first second of a day, perhaps of a week."""
        if at < self.day_ends_at:
            return
        equity = self.shadow.equity()
        self.day_ends_at, self.day_start = end_of_day(at), equity
        self.lost_today, self.sources_out = {}, {}
        if at >= self.week_ends_at:
            self.week_ends_at, self.week_start = end_of_week(at), equity

    def look(self, at: int, of_the_past: bool = False) -> None:
        """The equity as it is, against every line."""
        limits, equity = self.limits, self.shadow.equity()
        self.peak = max(self.peak, equity)
        if self.peak > 0 and not of_the_past and (self.peak - equity) * ONE >= self.peak * limits.drawdown_halt:
            self.deep = True
        lost = self.day_start - equity
        enough = lost >= limits.daily_loss_usd or lost * ONE >= self.day_start * limits.daily_loss_of_equity
        if lost > 0 and enough:
            self.halted_until["day's loss"] = self.day_ends_at
        if limits.weekly_loss_usd and self.week_start - equity >= limits.weekly_loss_usd:
            self.halted_until["week's loss"] = self.week_ends_at

    def record(self, record: Record) -> None:
        """A record, before the shadow has it: money from outside, results, and how many orders were planned."""
        order, position = record.order, record.position
        if record.kind is RecordKind.PLANNED and order is not None:
            (self.entries if order.side is Side.BUY else self.exits).append(record.at)
        if record.kind is RecordKind.DEPOSITED and record.posting is not None:
            amount = max(entry.amount for entry in record.posting.entries)
            self.day_start += amount
            self.week_start += amount
            self.peak += amount
        if position is not None:
            before = self.shadow.positions.get(position.key)
            self._result(record, position, position.realized - (0 if before is None else before.realized))

    def _result(self, record: Record, position: Position, realized: int) -> None:
        """What failed takes back what it won or lost; it ends no row of results."""
        limits = self.limits
        lost = self.lost_today[position.source] = self.lost_today.get(position.source, 0) - realized
        if lost > 0 and lost >= limits.source_daily_loss_usd:
            self.sources_out[position.source] = None
        if record.kind is RecordKind.REVERSED:
            self.failures.append(record.at)
            return
        total = self.results.get(position.key, 0) + realized
        self.results[position.key] = total
        if position.size == 0:
            self.results[position.key] = 0
            self.row = self.row + 1 if total < 0 else 0
            if self.row >= limits.losses_to_pause:
                self.row = 0
                self.row_halts = self.row_halts or limits.losses_need_person
                if not limits.losses_need_person:
                    self.halted_until["losses in a row"] = record.at + limits.pause_ns

    def resumed(self) -> None:
        """A person has looked."""
        self.trading = True
        self.deep = self.row_halts = False
        self.peak = self.shadow.equity()

    def price(self, now: int, at: int) -> None:
        """BTC, against every price of the window (of which the engine keeps one per second, hence a second less)."""
        limits, spot = self.limits, self.spot
        oldest = at - limits.spot_window_ns
        while spot and spot[0][0] < oldest:
            spot.popleft()
        for told_at, price in spot:
            if abs(now - price) * ONE >= price * limits.spot_move:
                self.moved_until = max(self.moved_until, told_at + limits.spot_window_ns - SECOND)
        spot.append((at, now))

    def publish(self, figures: Figures) -> None:
        """What the portfolio could lose; stress is held against the equity of that moment."""
        self.figures = figures
        self.stress_max = fraction_of(self.shadow.equity(), self.limits.stress_of_equity)

    # ------------------------------------------------------------------ the gate

    def standing(self, source: str, at: int) -> Iterator[str]:
        """Every reason why this source may not be followed into anything now."""
        limits, figures = self.limits, self.figures
        if not self.trading:
            yield "the switch is off"
            return
        self.look(at)
        if self.deep:
            yield "drawdown"
        if self.row_halts:
            yield "losses in a row, and nobody has looked"
        yield from (name for name, until in self.halted_until.items() if at < until)
        yield from (f"{feed} is down" for feed in NEEDED if feed in self.down)
        if self.within(self.errors, at, HOUR) > limits.api_errors_per_hour:
            yield "errors on the order path"
        if self.within(self.failures, at, HOUR) > limits.failed_settlements_per_hour:
            yield "failed settlements"
        if at <= self.moved_until:
            yield "BTC moved"
        if figures.var_95 > limits.var_95_usd:
            yield "VaR"
        if figures.cvar_95 > limits.cvar_95_usd:
            yield "CVaR"
        if max((-result for result in figures.stress.values()), default=0) > self.stress_max:
            yield "stress"
        if source in self.sources_out:
            yield f"{source} lost {self.lost_today[source]} today"

    def rates(self, order: Order) -> Iterator[str]:
        """Right after a plan: no more entries, or exits by rule, within a minute than allowed."""
        limits = self.limits
        if order.side is Side.BUY and self.within(self.entries, order.planned_at, MINUTE) > limits.entries_per_minute:
            yield f"more than {limits.entries_per_minute} entries within a minute"
        if order.rule and self.within(self.exits, order.planned_at, MINUTE) > limits.exits_per_minute:
            yield f"an exit by rule as more than the {limits.exits_per_minute}th within a minute"

    def exits_used(self, at: int) -> bool:
        """Whether the exits of the last minute leave no room for another."""
        return self.within(self.exits, at, MINUTE) >= self.limits.exits_per_minute

    def within(self, times: deque[int], at: int, window: int) -> int:
        """How many are younger than the window."""
        while times and times[0] <= at - window:
            times.popleft()
        return len(times)

    # ------------------------------------------------------------------ a new life

    def recover(self, records: list[Record], trading: bool, at: int) -> None:
        """A restart walks through the journal: marks are not in it, everything else is."""
        self.shadow = Shadow()
        self.peak = self.day_start = self.week_start = self.day_ends_at = self.week_ends_at = 0
        self.deep = self.row_halts = False
        self.row = 0
        self.results, self.halted_until = {}, {}
        self.entries, self.exits, self.failures = deque(), deque(), deque()
        self._forget_the_world()
        for record in records:
            self.begin_day(record.at)
            self.record(record)
            self.shadow.apply(record)
            if record.kind is RecordKind.RESUMED:
                self.resumed()
            elif record.kind is RecordKind.HALTED:
                self._still(record)
            self.look(record.at, of_the_past=True)
        self.shadow.unfollowed = dict.fromkeys(self.shadow.intents)
        self.shadow.marked_at_cost()
        self.begin_day(at)
        self.trading = trading

    def _still(self, record: Record) -> None:
        """What the journal says halted us still does, whatever prices say now."""
        match record.ref:
            case "halted_drawdown":
                self.deep = True
            case "halted_daily_loss":
                self.halted_until["day's loss"] = end_of_day(record.at)
            case "halted_weekly_loss":
                self.halted_until["week's loss"] = end_of_week(record.at)
            case _:
                pass
