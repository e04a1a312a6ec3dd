"""The pulse: what the passing of time gives rise to, looked at once a second."""

from shared.domain.decision import Reason
from shared.domain.effects import Alert, Effect
from shared.domain.instants import SECOND
from shared.engine.desk import Desk
from shared.engine.holdings import Holdings

PULSE_NS = SECOND


class Pulse:
    """``due_at``: it beats with the first event from then on (nanoseconds)."""

    def __init__(self, desk: Desk, holdings: Holdings) -> None:
        self.due_at = 0
        self._desk = desk
        self._holdings = holdings
        self._risk = desk.risk
        self._tripped: Reason | None = None

    def beat(self, at: int) -> list[Effect]:
        """A second or more has passed: a new day, marks and exits, and breakers that tripped or ended meanwhile."""
        if at >= self._risk.day_ends_at:
            self._risk.begin_day(at)
        self.due_at = at + PULSE_NS
        effects = self._holdings.pulse(at)
        effects += self._desk.halts(at)
        tripped = self._risk.breaker("", at)
        if tripped is not self._tripped:
            before, self._tripped = self._tripped, tripped
            if tripped is not None and tripped is not Reason.TRADING_DISABLED:
                effects.append(Alert(2, "breaker", f"no entries: {tripped.value}"))
            elif before is not None and before is not Reason.TRADING_DISABLED:
                effects.append(Alert(3, "breaker_ended", f"entries again: {before.value} has ended"))
        return effects
