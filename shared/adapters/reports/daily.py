"""The daily digest of an account, told once a day.

It goes through the alerts queue like any notice. It needs no way around the rule that the same notice is told once: its
text names its day, so two days never are the same, and one day told twice is just what that rule prevents.
"""

from collections.abc import Sequence

from shared.adapters.dynamo.readers import Readers
from shared.adapters.dynamo.recent import records_since
from shared.adapters.dynamo.tables import Tables
from shared.adapters.notices.items import Items
from shared.adapters.notices.outbox import Decided, Notifies, Outbox
from shared.adapters.reports.look import Curve, curve_of
from shared.domain.digest import Day, digest
from shared.domain.instants import DAY
from shared.domain.ledger import Record, RecordKind
from shared.domain.notice import Notice
from shared.domain.order import Purpose
from shared.domain.quality import closed, execution

SOURCE = "send_report"
ITEM = "report"


def report(readers: Readers, tables: Tables, account: str, day: int, line: Notifies) -> str:
    """Tell how the numbered UTC day went, unless that day (or a later one) was told already; the text, empty then.

    Raises ``Temporary`` when tables or queue do not answer; run again it goes on where it stopped, with the same text.
    """
    told = ""

    def decide(before: int | None) -> Decided[int] | None:
        nonlocal told
        if before is not None and before >= day:
            return None
        told = digest(day_of_account(readers, tables, account, day))
        return Decided(day, (Notice(account, 3, "daily_digest", told, (day + 1) * DAY, SOURCE),))

    Outbox(Items(tables, account), ITEM, Decided[int]).tell(decide, line)
    return told


def day_of_account(readers: Readers, tables: Tables, account: str, day: int) -> Day:
    """What there is to say of a day."""
    start, end = day * DAY, (day + 1) * DAY
    records = [record for record in records_since(tables, account, start) if record.at < end]
    curve = curve_of(readers, account, start, end)
    positions = readers.positions(account)
    ended = closed(positions, start, end)
    held = [one for one in positions if one.size]
    entries = [one.order for one in records if one.kind is RecordKind.PLANNED and one.order is not None]
    return Day(
        account,
        start,
        opened=_opened(curve, records),
        ended=int(curve.points[-1]["equity"]) if curve.points else None,
        execution=execution(records, start),
        closed=ended,
        titles={name: one.question for name, one in readers.markets(sorted({one.market for one in ended})).items()},
        followed=len(readers.whales(account)),
        copied=len({order.source for order in entries if order.purpose is Purpose.ENTRY}),
        open_positions=len(held),
        at_stake=sum(one.cost for one in held),
        uptime=curve.uptime,
        trading=readers.switch(account).trading,
    )


def _opened(curve: Curve, records: Sequence[Record]) -> int | None:
    """Equity the day began with, and what was deposited since: only what is beyond that was earned."""
    postings = [record.posting for record in records if record.kind is RecordKind.DEPOSITED]
    deposited = sum(entry.amount for one in postings if one is not None for entry in one.entries if entry.amount > 0)
    if curve.before is not None:
        return int(curve.before["equity"]) + deposited
    if deposited:
        return deposited
    return int(curve.points[0]["equity"]) if curve.points else None
