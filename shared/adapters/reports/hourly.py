"""The last day's figures, kept each hour; conditions that began or ended, and markets that were settled, told once."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from shared.adapters.dynamo.readers import Readers
from shared.adapters.dynamo.recent import records_since
from shared.adapters.dynamo.tables import Tables
from shared.adapters.dynamo.views import Views
from shared.adapters.notices.items import Items
from shared.adapters.notices.outbox import Decided, Notifies, Outbox
from shared.adapters.reports.look import curve_of, state_of
from shared.domain.digest import shortened
from shared.domain.instants import DAY, HOUR
from shared.domain.ledger import Record, RecordKind
from shared.domain.market import Market
from shared.domain.notice import Notice
from shared.domain.quality import Execution, execution, troubles
from shared.domain.standing import Since, turned
from shared.domain.states import Found, dollars_of, found_in

SOURCE = "collect_quality"
ITEM = "conditions"
QUALITY = "#quality"
"""The figures are points of the account of this ending, in table ``metrics``."""
SETTLED_TOLD = 8


class Standing(Struct, frozen=True):
    """What people were told of: conditions that stand, and markets settled within the last day."""

    conditions: dict[str, Since] = {}
    settled: tuple[str, ...] = ()


class Hour(Struct, frozen=True):
    """What one run found. ``uptime`` in millionths."""

    at: int
    execution: Execution
    troubles: dict[str, int]
    uptime: int | None
    found: tuple[Found, ...]
    notices: int = 0


def collect(readers: Readers, tables: Tables, account: str, now: int, line: Notifies) -> Hour:
    """Look at the day before ``now`` (nanoseconds), keep the hour's figures, tell what is new.

    Raises ``Temporary`` when tables or queue do not answer; run again it goes on where it stopped.
    """
    since = now - DAY
    records = records_since(tables, account, since)
    curve = curve_of(readers, account, since, now)
    found = found_in(state_of(readers, account, curve, records))
    done = execution(records, since)
    trouble = troubles([point.get("notices", {}) for point in curve.points if "notices" in point])
    hour = now - now % HOUR
    figures: dict[str, Any] = {**msgspec.to_builtins(done), "troubles": trouble, "uptime": curve.uptime}
    Views(f"{account}{QUALITY}", tables).put_metrics(hour, figures)
    settled = [record for record in records if record.kind is RecordKind.SETTLED]
    titles = readers.markets(sorted({market_of(record) for record in settled}))

    def decide(before: Standing | None) -> Decided[Standing]:
        return _decided(before or Standing(), found, settled, titles, account, now)

    outbox = Outbox(Items(tables, account), ITEM, Decided[Standing])
    told = outbox.tell(decide, line)
    return Hour(hour, done, trouble, curve.uptime, tuple(found), told)


def _decided(
    before: Standing,
    found: Sequence[Found],
    settled: Sequence[Record],
    titles: dict[str, Market],
    account: str,
    now: int,
) -> Decided[Standing]:
    standing, notices = turned(before.conditions, found, account, now, SOURCE)
    markets = tuple(dict.fromkeys(market_of(record) for record in settled))
    fresh = [record for record in settled if market_of(record) not in before.settled]
    if fresh:
        at = max(record.at for record in fresh)
        notices.append(Notice(account, 3, "market_summary", summary(fresh, titles), at, SOURCE))
    return Decided(Standing(standing, markets), tuple(notices))


def summary(settled: Sequence[Record], titles: dict[str, Market]) -> str:
    """What settled markets brought us: the whole result of the positions that ended with them."""
    results: dict[str, int] = {}
    for record in settled:
        market = market_of(record)
        results[market] = results.get(market, 0) + (0 if record.position is None else record.position.realized)
    total = dollars_of(sum(results.values()), signed=True)
    lines = [f"{len(results)} market{'' if len(results) == 1 else 's'} settled: {total}"]
    ranked = sorted(results.items(), key=lambda item: (-abs(item[1]), item[0]))
    for market, result in ranked[:SETTLED_TOLD]:
        question = titles[market].question if market in titles else ""
        lines.append(f"{dollars_of(result, signed=True)} {shortened(question or market)}")
    if len(ranked) > SETTLED_TOLD:
        lines.append(f"and {len(ranked) - SETTLED_TOLD} more")
    return "\n".join(lines)


def market_of(record: Record) -> str:
    """The market whose position a record of a settlement ends."""
    return "" if record.position is None else record.position.market
