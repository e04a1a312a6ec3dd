"""Find wallets worth scoring and keep what they did: leaderboard, large trades, holders; activity to the lake.

Incremental: a wallet's stored objects name the seconds they cover, and only later seconds are asked for. Resumable: a
wallet's rows are one object, put whole when all its pages are read; a run that is cut short leaves complete objects and
the next one goes on. Nothing younger than ``SETTLED_S`` is stored, so that the windows never overlap. What is stored is
not read again, so its markets are written down first: their winners are asked for, whenever the run is cut short.
"""

import itertools
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing

import pyarrow as pa
from msgspec import Struct, to_builtins

from shared.adapters.polymarket.data_api import DataApi, Period, SortBy
from shared.adapters.polymarket.fields import show
from shared.adapters.polymarket.gamma import Gamma
from shared.adapters.polymarket.gamma_market import SPLIT
from shared.adapters.polymarket.wire import ActivityRow, Page, activity_row
from shared.adapters.s3.lake import Lake
from shared.domain.errors import BadInput, Temporary
from shared.domain.instants import SECOND
from shared.domain.money import format_micro, parse_micro

CANDIDATES = "bronze/candidates"
ACTIVITY = "bronze/activity"
RESOLUTIONS = "bronze/resolutions"
PENDING = "bronze/pending.parquet"
AT_ONCE = 25
"""Wallets whose objects are put together."""
DISCOVERIES = "bronze/discoveries"
"""One row for each run: what it did, written last."""
SETTLED_S = 120
"""Rows become visible up to about 40 s after the trade; what is older than this does not change any more."""
DAY_S = 86_400

ACTIVITY_SCHEMA = pa.schema(
    [
        ("proxyWallet", pa.string()),
        ("timestamp", pa.int64()),
        ("conditionId", pa.string()),
        ("type", pa.string()),
        ("size", pa.float64()),
        ("usdcSize", pa.float64()),
        ("transactionHash", pa.string()),
        ("price", pa.float64()),
        ("asset", pa.string()),
        ("side", pa.string()),
        ("outcomeIndex", pa.int64()),
        ("title", pa.string()),
        ("slug", pa.string()),
        ("outcome", pa.string()),
    ]
)
RESOLUTION_SCHEMA = pa.schema(
    [("conditionId", pa.string()), ("slug", pa.string()), ("end_ts", pa.int64()), ("winner", pa.string())]
)
CANDIDATE_SCHEMA = pa.schema([("wallet", pa.string()), ("source", pa.string())])
PENDING_SCHEMA = pa.schema([("conditionId", pa.string())])

Say = Callable[[str], None]


class DiscoveryRules(Struct, frozen=True):
    """How far discovery looks. ``large_usd``: whole dollars of one trade; ``history_days``: first backfill."""

    leaders: int = 100
    large_usd: int = 10_000
    large_pages: int = 5
    markets: int = 20
    holders: int = 20
    wallets_max: int = 2000
    history_days: int = 30

    def __post_init__(self) -> None:
        """``BadInput`` for a number below 1."""
        for name in self.__struct_fields__:
            if getattr(self, name) < 1:
                raise BadInput(f"{name} must be at least 1, not {getattr(self, name)}")


class Discovered(Struct, frozen=True):
    """What a run did. ``failed``: wallets whose rows could not be read this time; ``left``: not reached in time."""

    wallets: int
    objects: int
    rows: int
    refused: int
    resolved: int
    pending: int
    failed: int
    left: int


class DiscoveryApi(DataApi):
    """The data API with the filter on the size of trades."""

    def large_trades(self, usd: int, pages_max: int) -> AsyncGenerator[Page[ActivityRow], None]:
        """Pages of everyone's executed trades of at least ``usd`` dollars, makers included, newest first."""
        params = [
            ("taker_only", "false"),
            ("filter_type", "CASH"),
            ("filter_amount", str(usd)),
            ("limit", "500"),
        ]
        return self._pages("/v2/trades", params, activity_row, pages_max=pages_max)


async def discover(
    data: DiscoveryApi,
    gamma: Gamma,
    lake: Lake,
    now: int,
    rules: DiscoveryRules | None = None,
    *,
    say: Say = lambda _: None,
    time_left: Callable[[], float] = lambda: float("inf"),
) -> Discovered:
    """One run at ``now`` (nanoseconds): candidates, their new activity, and the winners of resolved markets.

    ``time_left`` (seconds): no new wallet is begun below 30. ``Temporary`` when the venue answers no list of
    candidates at all, or S3 does not answer; a single wallet that fails is counted and tried again next time.
    """
    limits = rules or DiscoveryRules()
    candidates = await find_candidates(data, gamma, limits, say)
    if not candidates:
        raise Temporary("the venue named no candidate wallet")
    stamp = now // SECOND
    table = pa.table([list(candidates), list(candidates.values())], schema=CANDIDATE_SCHEMA)
    lake.write(f"{CANDIDATES}/{stamp}.parquet", table)
    covered = coverage(lake.names(f"{ACTIVITY}/wallet="))
    until = stamp - SETTLED_S
    rows = refused = objects = failed = left = 0
    keeping = _Keeping(lake)
    for number, wallet in enumerate(candidates):
        if time_left() < 30.0:
            left = len(candidates) - number
            break
        since = covered.get(wallet, stamp - limits.history_days * DAY_S) + 1
        if since > until:
            continue
        try:
            page = await data.fetch_recent(wallet, since, types=())
        except (Temporary, BadInput) as error:
            failed += 1
            say(f"{wallet}: {error}")
            continue
        refused += len(page.refused)
        settled = [row for row in page.rows if row.timestamp_s <= until and row.wallet == wallet]
        keeping.keep(object_name(wallet, since, until), settled)
        objects, rows = objects + 1, rows + len(settled)
        if number % AT_ONCE == AT_ONCE - 1:
            say(f"{number + 1} of {len(candidates)} wallets, {rows:,} new rows")
    keeping.flush()
    resolved, pending = await settle(gamma, lake, stamp)
    done = Discovered(len(candidates), objects, rows, refused, resolved, pending, failed, left)
    lake.write(f"{DISCOVERIES}/{stamp}.parquet", pa.Table.from_pylist([to_builtins(done)]))
    return done


class _Keeping:
    """Objects on their way into the lake, each after its markets."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._waiting = dict.fromkeys(_pending(lake))
        self._known = len(self._waiting)
        self._objects: list[tuple[str, pa.Table]] = []

    def keep(self, name: str, rows: list[ActivityRow]) -> None:
        """Put the rows under a name, now or with the next ones."""
        self._waiting.update((row.condition_id, None) for row in rows if row.condition_id)
        self._objects.append((name, activity_table(rows)))
        if len(self._objects) >= AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Put what was not put yet."""
        if len(self._waiting) > self._known:
            _put_pending(self._lake, self._waiting)
            self._known = len(self._waiting)
        for name, table in self._objects:
            self._lake.write(name, table)
        self._objects.clear()


async def find_candidates(data: DiscoveryApi, gamma: Gamma, limits: DiscoveryRules, say: Say) -> dict[str, str]:
    """Wallets in order of discovery, each with the sources that named it; a source that fails is left out, told."""
    found: dict[str, list[str]] = {}

    def add(wallets: Iterable[str], source: str) -> None:
        for wallet in wallets:
            sources = found.setdefault(wallet, [])
            if source not in sources:
                sources.append(source)

    boards: tuple[tuple[Period, SortBy], ...] = (
        ("month", "PNL"),
        ("month", "VOLUME"),
        ("week", "PNL"),
        ("week", "VOLUME"),
    )
    for period, order in boards:
        try:
            board = await data.leaderboard(period, order, limits.leaders)
            add((row.wallet for row in board.rows), f"leaderboard_{period}_{order.lower()}")
        except (Temporary, BadInput) as error:
            say(f"leaderboard {period} {order}: {error}")
    try:
        add(await _large_traders(data, limits), "large_trade")
    except (Temporary, BadInput) as error:
        say(f"large trades: {error}")
    try:
        add(await _holders(data, gamma, limits), "holder")
    except (Temporary, BadInput) as error:
        say(f"holders: {error}")
    return {wallet: ",".join(sources) for wallet, sources in itertools.islice(found.items(), limits.wallets_max)}


async def _large_traders(data: DiscoveryApi, limits: DiscoveryRules) -> list[str]:
    least = parse_micro(str(limits.large_usd))
    wallets: dict[str, None] = {}
    pages = 0
    async with aclosing(data.large_trades(limits.large_usd, limits.large_pages + 1)) as answers:
        async for page in answers:
            # The filter is asked for and checked: a venue that ignores it answers everything.
            wallets.update((row.wallet, None) for row in page.rows if row.usdc_micro >= least)
            pages += 1
            if pages >= limits.large_pages:
                break
    return list(wallets)


async def _holders(data: DiscoveryApi, gamma: Gamma, limits: DiscoveryRules) -> list[str]:
    """The largest holders of the markets with the largest volume of the last day."""
    busiest: dict[str, str | int | bool] = {"closed": False, "order": "volume24hr", "ascending": False}
    conditions: list[str] = []
    async with aclosing(gamma.markets_keyset(busiest, fresh=True)) as listed:
        async for catalogue in listed:
            conditions += [market.condition_id for market in catalogue.rows]
            if len(conditions) >= limits.markets:
                break
    wallets: dict[str, None] = {}
    for condition in conditions[: limits.markets]:
        async with aclosing(data.holders(condition, limit=100)) as pages:
            async for page in pages:
                wallets.update((row.wallet, None) for row in page.rows[: limits.holders])
                break
    return list(wallets)


def object_name(wallet: str, since_s: int, until_s: int) -> str:
    """The object of a wallet's rows from ``since_s`` to ``until_s``, both included (Unix seconds)."""
    return f"{ACTIVITY}/wallet={wallet}/{since_s}-{until_s}.parquet"


def coverage(names: Iterable[str]) -> dict[str, int]:
    """The last second stored of each wallet; ``BadInput`` for an object that is not named like one."""
    covered: dict[str, int] = {}
    for name in names:
        folder, _, file = name.removeprefix(f"{ACTIVITY}/").partition("/")
        since, _, until = file.removesuffix(".parquet").partition("-")
        if not folder.startswith("wallet=") or not (since.isdecimal() and until.isdecimal()):
            raise BadInput(f"lake object {show(name)} is not named {ACTIVITY}/wallet=.../FROM-TO.parquet")
        wallet = folder.removeprefix("wallet=")
        covered[wallet] = max(covered.get(wallet, 0), int(until))
    return covered


def activity_table(rows: Iterable[ActivityRow]) -> pa.Table:
    """Rows in the columns of the data API."""

    def decimal(micro: int) -> float:
        return float(format_micro(micro))

    records = [
        {
            "proxyWallet": row.wallet,
            "timestamp": row.timestamp_s,
            "conditionId": row.condition_id,
            "type": row.type,
            "size": decimal(row.size_micro),
            "usdcSize": decimal(row.usdc_micro),
            "transactionHash": row.tx_hash,
            "price": decimal(row.price_micro),
            "asset": row.token_id,
            "side": row.side,
            "outcomeIndex": row.outcome_index,
            "title": row.title,
            "slug": row.slug,
            "outcome": row.outcome,
        }
        for row in rows
    ]
    return pa.Table.from_pylist(records, schema=ACTIVITY_SCHEMA)


async def settle(gamma: Gamma, lake: Lake, stamp: int) -> tuple[int, int]:
    """Ask for the winners of the markets that wait for one; how many were found, and how many still are open.

    The open ones are kept in one object, so that a market is asked for until it has a winner and never again.
    """
    waiting = _pending(lake)
    if not waiting:
        return 0, 0
    page = await gamma.markets(condition_ids=waiting, fresh=True)
    done = [market for market in page.rows if market.winner is not None]
    if done:
        records = [
            {
                "conditionId": market.condition_id,
                "slug": market.slug,
                "end_ts": _seconds(market.closed_ns or market.end_ns),
                # Half paid to each outcome: settled, but nobody won; scoring leaves such a market out.
                "winner": None if market.winner == SPLIT else market.winner,
            }
            for market in done
        ]
        lake.write(f"{RESOLUTIONS}/{stamp}.parquet", pa.Table.from_pylist(records, schema=RESOLUTION_SCHEMA))
    settled = {market.condition_id for market in done}
    open_ = [condition for condition in waiting if condition not in settled]
    _put_pending(lake, open_)
    return len(done), len(open_)


def _seconds(at_ns: int | None) -> int | None:
    return None if at_ns is None else at_ns // SECOND


def _put_pending(lake: Lake, conditions: Iterable[str]) -> None:
    lake.write(PENDING, pa.table([list(conditions)], schema=PENDING_SCHEMA))


def _pending(lake: Lake) -> list[str]:
    if PENDING not in lake.names(PENDING):
        return []
    return [str(condition) for condition in lake.read(PENDING)["conditionId"].to_pylist()]
