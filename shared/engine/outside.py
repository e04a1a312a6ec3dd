"""What happens around us and what that stops: feeds, errors, settlements, the price of BTC, the portfolio's figures,
and how many orders we make ourselves.
"""

from shared.domain.decision import Reason
from shared.domain.instants import HOUR
from shared.domain.money import Usd, part
from shared.domain.tables import SUPPOSED, Figures
from shared.engine.limits import Limits
from shared.engine.losses import Numbers
from shared.engine.windows import Moves, Tally

ALWAYS_NEEDED = ("switch", "clock", "venue", "lease")
"""Feeds without which nobody enters: while the kill switch cannot be read, nobody could stop us; while our clock is not
the venue's, no age means anything; while our books were not found equal to the venue's, we do not know what we hold;
while the lease was not renewed lately, another trader may have begun.
"""
STORE = "store"
"""The feed that is down while the store answers too slowly: entries pause, whatever a strategy needs."""


class Outside:
    """Facts about the world that are asked anew at each entry. Event times in nanoseconds."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.feeds_down: dict[str, str] = {}
        self.needs: tuple[str, ...] = ALWAYS_NEEDED
        self.figures = Figures(0)
        self._feeds_down_at: dict[str, int] = {}
        self._entries = Tally(limits.rate_window_ns)
        self._exits = Tally(limits.rate_window_ns)
        self._errors = Tally(HOUR)
        self._failures = Tally(HOUR)
        self._spot = Moves(limits.spot_move, limits.spot_window_ns)
        self._too_much: dict[str, tuple[Reason, int, Numbers]] = {}

    def relimit(self, limits: Limits, _at: int) -> None:
        """Other limits, from the next question on; what was counted stays counted."""
        self.limits = limits
        self._entries.resize(limits.rate_window_ns)
        self._exits.resize(limits.rate_window_ns)
        self._spot.retune(limits.spot_move, limits.spot_window_ns)

    def feed(self, name: str, healthy: bool, reason: str, at: int = 0) -> None:
        """A feed went down or came back."""
        if healthy:
            self.feeds_down.pop(name, None)
            self._feeds_down_at.pop(name, None)
        else:
            self._feeds_down_at.setdefault(name, at)
            self.feeds_down[name] = reason

    def api_error(self, at: int) -> None:
        """A request on the order path failed; states of the venue (425, 429) are no errors and not told here."""
        self._errors.add(at)

    def failed_settlement(self, at: int) -> None:
        """An execution of ours failed to settle."""
        self._failures.add(at)

    def spot(self, price: int, at: int) -> None:
        """The price of BTC, in micro-dollars."""
        self._spot.price(price, at)

    def weigh(self, figures: Figures, equity: Usd, at: int) -> None:
        """What the portfolio could lose from now on, and which of its limits that exceeds."""
        limits, before = self.limits, self._too_much
        self.figures = figures
        self._too_much = {}
        worst = max((-result for name, result in figures.stress.items() if name not in SUPPOSED), default=0)
        most = part(equity, limits.stress_of_equity)
        for name, reason, got, limit_name, limit in (
            ("var", Reason.HALTED_VAR, figures.var_95, "var_95_usd", limits.var_95_usd),
            ("cvar", Reason.HALTED_VAR, figures.cvar_95, "cvar_95_usd", limits.cvar_95_usd),
            ("stress", Reason.HALTED_STRESS, worst, "stress_limit", most),
        ):
            if got > limit:
                since = before[name][1] if name in before else at
                self._too_much[name] = (reason, since, ((name, int(got)), (limit_name, int(limit))))

    def exited(self, at: int) -> None:
        """An exit was planned: it counts against a rate of its own."""
        self._exits.add(at)

    def rate_reached(self, at: int) -> bool:
        """Whether the entries of the last minute have used up the order rate."""
        return self._entries.count(at) >= self.limits.entries_per_minute

    def exit_rate_reached(self, at: int) -> bool:
        """Whether the exits of the last minute have used up theirs."""
        return self._exits.count(at) >= self.limits.exits_per_minute

    def _feed_reason(self) -> Reason | None:
        down = self.feeds_down
        if any(feed in down and feed != STORE for feed in self.needs):
            return Reason.HALTED_FEED
        return Reason.PAUSED_STORE if STORE in down else None
