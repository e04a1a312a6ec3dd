"""What is played in a ``World``: markets, matches, books and resolutions of a recording or of the synthetic day.

Times of the file become times of now: at speed 1 moved by a multiple of 900 s, so that the windows of up/down markets
stay on their grid; at other speeds measured from where the play begins.
"""

import asyncio
import heapq
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from tests.exchange.catalogue import Execution, Listing, Match, digest, persona
from tests.exchange.world import World

GRID_S = 900
ANNOUNCED_S = 600.0
"""New windows are announced this long before they open."""
AT_ONCE = 200
_WINDOW = re.compile(r"(?P<coin>[a-z0-9]+)-updown-(?P<window>5m|15m|4h)-(?P<start>\d+)")
_TITLE = re.compile(r"(?P<head>.* Up or Down) - .* ET")
_NEW_YORK = ZoneInfo("America/New_York")

Act = Callable[[World], None]
Happening = tuple[float, Act]
"""When, in seconds of the file, and what."""


@dataclass(frozen=True, slots=True)
class Traded:
    """One settlement of the file."""

    at_s: float
    tx: str
    executions: tuple[Execution, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """What happens to the book of a token: new totals of ``levels`` (side, price, size) or, without any, a new book."""

    at_s: float
    token: str
    bids: Mapping[int, int] = field(default_factory=dict)
    asks: Mapping[int, int] = field(default_factory=dict)
    levels: tuple[tuple[str, int, int], ...] = ()
    whole: bool = False
    """A new book is told as one and not as changes."""

    def act(self, world: World) -> None:
        """Let it happen."""
        if self.levels:
            world.set_levels(self.token, self.levels)
        else:
            world.set_book(self.token, self.bids, self.asks, whole=self.whole)


@dataclass
class Script:
    """A file as the play needs it. ``trades`` in order of time; ``moves(begins_s)``: the books, in order of time, with
    what happened to them before ``begins_s`` as one book per token.

    ``begins_s`` and ``ends_s`` bound what is played; earlier trades are history. ``requote``: no books are recorded,
    they follow the trades. ``leaders``: wallets for the leaderboard, best first.
    """

    listings: list[Listing]
    trades: list[Traded]
    moves: Callable[[float], Iterator[Move]]
    begins_s: float
    ends_s: float
    winners: Mapping[str, str]
    requote: bool = False
    leaders: list[str] = field(default_factory=list)

    def renamed(self, turn: int) -> "Script":
        """The same play again with other markets and transactions: a day that is repeated is another day."""
        tokens = {token: str(int(digest(token, turn), 16)) for one in self.listings for token in one.tokens}
        markets = {one.condition_id: "0x" + digest(one.condition_id, turn) for one in self.listings}
        listings = [
            replace(one, condition_id=markets[one.condition_id], tokens=tuple(tokens[token] for token in one.tokens))
            for one in self.listings
        ]
        trades = [
            Traded(
                one.at_s,
                "0x" + digest(one.tx, turn),
                tuple(replace(done, token=tokens[done.token]) for done in one.executions),
            )
            for one in self.trades
        ]
        moves = self.moves

        def moved(begins_s: float) -> Iterator[Move]:
            return (replace(move, token=tokens[move.token]) for move in moves(begins_s))

        winners = {markets[one]: outcome for one, outcome in self.winners.items()}
        return replace(self, listings=listings, trades=trades, moves=moved, winners=winners)


@dataclass(frozen=True, slots=True)
class TimeMap:
    """From seconds of the file to seconds of now."""

    file_s: float
    wall_s: float
    speed: float

    def wall(self, at_s: float) -> float:
        """When something of the file happens here."""
        return self.wall_s + (at_s - self.file_s) / self.speed


def mapping(script: Script, now_s: float, speed: float) -> TimeMap:
    """Where the play begins: at ``begins_s``; at speed 1 up to 15 min later, to stay on the grid."""
    if speed != 1.0:
        return TimeMap(script.begins_s, now_s, speed)
    shift = (now_s - script.begins_s) // GRID_S * GRID_S
    return TimeMap(now_s - shift, now_s, 1.0)


def shifted(listing: Listing, to: TimeMap) -> Listing:
    """A listing in today's time; up/down windows are called after their new start."""
    start = None if listing.start_s is None else to.wall(listing.start_s)
    moved = replace(listing, start_s=start, end_s=to.wall(listing.end_s))
    window = _WINDOW.fullmatch(listing.slug)
    if window is None or start is None:
        return moved
    moved.slug = f"{window['coin']}-updown-{window['window']}-{round(start)}"
    head = _TITLE.fullmatch(listing.question)
    if head is not None:
        begin, end = (datetime.fromtimestamp(at, UTC).astimezone(_NEW_YORK) for at in (start, moved.end_s))
        moved.question = f"{head['head']} - {begin:%B %-d, %-I:%M%p}-{end:%-I:%M%p} ET"
    return moved


def lead(world: World, wallets: Iterable[str]) -> None:
    """The leaderboard names these wallets in this order."""
    world.venue.content.leaderboard = [
        {
            "rank": n,
            "user_id": w,
            "pnl": 100_000.0 / n,
            "volume": 1_000_000.0 / n,
            "user_name": persona(w).name,
            "verified": False,
        }
        for n, w in enumerate(wallets, start=1)
    ]


def prepare(world: World, script: Script, to: TimeMap, *, history: bool = True) -> list[Happening]:
    """Set the stage as of the beginning; what remains to happen with markets and trades, in order of time."""
    begins = to.file_s
    todo: list[Happening] = []
    for listing in script.listings:
        todo += _market_life(world, script, shifted(listing, to), listing, begins)
    for trade in script.trades:
        if trade.at_s >= begins:
            if trade.at_s < script.ends_s:
                todo.append((trade.at_s, _traded(trade, script.requote)))
        elif history:
            world.past(Match(trade.tx, round(to.wall(trade.at_s) * 1000), trade.executions))
    return sorted(todo, key=lambda happening: happening[0])


def _market_life(world: World, script: Script, today: Listing, listing: Listing, begins: float) -> list[Happening]:
    """List what exists already; announcements and resolutions to come."""
    winner = script.winners.get(listing.condition_id)
    if winner is not None and listing.end_s < begins:
        world.list_market(replace(today, winner=winner, closed_s=today.end_s), announce=False)
        return []
    todo: list[Happening] = []
    announced = None if listing.start_s is None else listing.start_s - ANNOUNCED_S
    if announced is None or announced <= begins:
        world.list_market(today, announce=False)
    else:
        todo.append((announced, lambda w: w.list_market(today)))
    if winner is not None and listing.end_s < script.ends_s:
        delay = 20.0 + int(digest("resolved", listing.condition_id)[:4], 16) % 70
        todo.append((listing.end_s + delay, lambda w: w.resolve(today.condition_id, winner)))
    return todo


def _traded(trade: Traded, requote: bool) -> Act:
    def act(world: World) -> None:
        if trade.executions[0].token in world.listing_of:
            world.match(trade.executions, tx=trade.tx, requote=requote)

    return act


async def play(world: World, script: Script, to: TimeMap, *, history: bool = True) -> int:
    """Let everything happen in its time; returns how many things did."""
    todo = prepare(world, script, to, history=history)
    lead(world, script.leaders)
    loop = asyncio.get_running_loop()
    origin = loop.time() - to.wall_s
    books = ((move.at_s, move.act) for move in script.moves(to.file_s))
    count = 0
    for at_s, act in heapq.merge(todo, books, key=lambda happening: happening[0]):
        if at_s >= script.ends_s:
            break
        wait = to.wall(at_s) - (loop.time() - origin)
        if wait > 0.0 or count % AT_ONCE == 0:
            await asyncio.sleep(max(0.0, wait))
        act(world)
        count += 1
    left = to.wall(script.ends_s) - (loop.time() - origin)
    await asyncio.sleep(max(0.0, left))
    return count
