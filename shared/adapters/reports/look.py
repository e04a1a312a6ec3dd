"""One look at an account through its tables, as hourly and daily functions need it."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from shared.adapters.dynamo.readers import Readers
from shared.domain.instants import MILLISECOND, MINUTE, day_of
from shared.domain.ledger import Record, RecordKind
from shared.domain.money import Usd
from shared.domain.quality import closed, uptime
from shared.domain.states import CLOSED_LOOKED_AT, State

FRESH_NS = 2 * MINUTE
"""What the trader showed is how things stand for so long; who is silent has an alarm of his own."""
DAYS_BACK = 7
Item = Mapping[str, Any]


class Curve(Struct, frozen=True):
    """Points of the curves from ``start`` to ``end``, and the last one before (None: there was none for a week)."""

    start: int
    end: int
    points: Sequence[Item]
    before: Item | None

    @property
    def uptime(self) -> int | None:
        """The share of the time with a heartbeat, in millionths, from the first heartbeat ever on; None before it."""
        beats = [int(point["at"]) for point in self.points]
        if self.before is not None:
            return uptime([int(self.before["at"]), *beats], self.start, self.end)
        return uptime(beats, beats[0], self.end) if beats else None


def curve_of(readers: Readers, account: str, start: int, end: int) -> Curve:
    """The curve of an account; ``Temporary`` when it cannot be read."""
    before = None
    for day in range(day_of(start), day_of(start) - DAYS_BACK, -1):
        before = readers.last_metric(account, day, start)
        if before is not None:
            break
    return Curve(start, end, readers.metrics(account, start, end - 1), before)


def state_of(readers: Readers, account: str, curve: Curve, records: Sequence[Record]) -> State:
    """How the account stands at the end of a curve, whose time ``records`` cover too."""
    now = curve.end
    live, risk = readers.live(account) or {}, readers.risk(account) or {}
    switch = readers.switch(account)
    fresh = now - int(risk.get("at", 0)) <= FRESH_NS
    standing = risk.get("standing", ()) if fresh else ()
    drawdown = [int(row["used"]) for row in risk.get("limits", ()) if row["name"] == "drawdown"]
    decided = [point["decided_ms"][1] for point in curve.points if point.get("decided_ms")]
    last = decided[-1] if decided and decided[-1] is not None else None
    return State(
        now,
        trading=switch.trading,
        cash=live.get("cash"),
        capital=Usd(live["capital"]) if live.get("capital") else None,
        drawdown=drawdown[0] if drawdown else None,
        standing=tuple((row["name"], int(row["since"])) for row in standing if row["since"]),
        broken=risk.get("settlement", {}).get("broken", ""),
        closed=tuple(one.realized for one in closed(readers.positions(account))[:CLOSED_LOOKED_AT]),
        traded_at=_traded_at(curve, records, switch.at),
        decided_ns=None if last is None else round(last * MILLISECOND),
        uptime=curve.uptime,
    )


def _traded_at(curve: Curve, records: Sequence[Record], switched_at: int) -> int | None:
    """The last execution; or from when on there could have been one, in the time that was looked at."""
    fills = [record.at for record in records if record.kind is RecordKind.FILLED]
    heard = [int(point["at"]) for point in curve.points]
    if not fills and not heard:
        return None
    began = curve.start if curve.before is not None else min(heard, default=curve.start)
    return max([*fills, began, switched_at])
