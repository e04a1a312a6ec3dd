"""The venue's public data by polling: what the watched wallets do, the prints our orders wait for, and their markets.

One call of ``poll`` is one delivery. Trades seen again in the next poll are told apart by the engine, not here.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from shared.adapters.polymarket.clob_public import ClobPublic
from shared.adapters.polymarket.data_api import DataApi
from shared.adapters.polymarket.gamma import Gamma
from shared.adapters.polymarket.gamma_market import GammaMarket
from shared.adapters.polymarket.normal import market_of, payouts_of, trade_of
from shared.adapters.polymarket.wire import ActivityRow
from shared.domain.errors import BadInput, Temporary
from shared.domain.instants import SECOND
from shared.domain.messages import BookSnapshot, MarketChanged, MarketListed, MarketResolved, Payload

OVERLAP_S = 30
"""Each poll looks back this far behind the newest trade seen of a wallet: rows appear out of order."""
AT_ONCE = 8
"""Wallets asked at the same time; the client's own rate limits hold beside it."""
MARKETS_EVERY_NS = 60 * SECOND
PRINTS_LIMIT = 200
PRINTS_BACK_S = 60
"""Older prints are left out: no waiting order could use them, and those of watched wallets, heard long ago and
forgotten by then, would count as trades again.
"""


class Heard(Struct, frozen=True):
    """A fact a poll brought: when it happened at the venue (nanoseconds), from which source, and the fact."""

    venue_at: int
    source: str
    payload: Payload


class PollFeed:
    """Polls for a list of wallets. ``now`` is the machine's clock in nanoseconds.

    ``clob`` None: books are somebody else's business, who knows what a stream has told of them meanwhile.
    """

    def __init__(
        self, data: DataApi, gamma: Gamma, clob: ClobPublic | None, wallets: Sequence[str], now: Callable[[], int]
    ) -> None:
        self.wallets = tuple(wallets)
        self.refused = 0
        self.deliveries = 0
        self.answers = 0
        """Polls of a wallet that were answered so far."""
        self._data = data
        self._gamma = gamma
        self._clob = clob
        self._now = now
        self._since: dict[str, int] = {}
        self._known: dict[str, int] = {}

    # ------------------------------------------------------------------ the past

    async def backfill(self, since_s: int, progress: Callable[[int, int], None]) -> list[ActivityRow]:
        """Everything the wallets did since then, oldest first; ``progress`` hears (wallets done, rows so far).

        A wallet whose history cannot be had is left out and polled from now on; ``Temporary`` when none answered.
        """
        rows: list[ActivityRow] = []
        failed: list[str] = []
        done = 0
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(wallet: str) -> None:
            nonlocal done
            async with gate:
                try:
                    page = await self._data.fetch_recent(wallet, since_s, types=())
                except (Temporary, BadInput) as error:
                    failed.append(f"{wallet}: {error}")
                else:
                    rows.extend(page.rows)
                    self.refused += len(page.refused)
            done += 1
            progress(done, len(rows))

        await asyncio.gather(*(one(wallet) for wallet in self.wallets))
        if failed and len(failed) == len(self.wallets):
            raise Temporary(f"no wallet's history could be read; the first: {failed[0]}")
        newest = self._now() // SECOND
        self._since = dict.fromkeys(self.wallets, newest - OVERLAP_S)
        return sorted(rows, key=lambda row: row.timestamp_s)

    async def markets(self, conditions: Iterable[str]) -> list[GammaMarket]:
        """Data of these markets, open and closed ones."""
        wanted = list(dict.fromkeys(conditions))
        if not wanted:
            return []
        page = await self._gamma.markets(condition_ids=wanted, closed=None, fresh=True)
        self.refused += len(page.refused)
        return list(page.rows)

    # ------------------------------------------------------------------ the present

    def follow(self, wallets: Iterable[str]) -> None:
        """Poll these wallets and no others from now on."""
        self.wallets = tuple(dict.fromkeys(wallet.lower() for wallet in wallets))
        self._since = {wallet: self._since[wallet] for wallet in self.wallets if wallet in self._since}

    def look_back(self, since_s: int) -> None:
        """Ask for what every wallet did since then (epoch seconds) in its next poll, if that is further back."""
        for wallet in self.wallets:
            self._since[wallet] = min(since_s, self._since.get(wallet, since_s))

    async def poll(
        self, watched: Sequence[str], waiting: Sequence[str], wallets: Sequence[str] | None = None
    ) -> list[Heard]:
        """One delivery: rows of every wallet, prints of the markets ``waiting`` for fills, data of ``watched`` ones.

        ``wallets`` narrows it to some of them. Market data comes before the trades it explains. ``Temporary`` when the
        venue does not answer at all.
        """
        self.deliveries += 1
        answers = await asyncio.gather(
            *(self._wallet_rows(wallet) for wallet in (self.wallets if wallets is None else wallets)),
            *(self._prints(market) for market in waiting),
        )
        found: list[tuple[ActivityRow, str]] = []
        errors: list[str] = []
        for rows, source, error in answers:
            found.extend((row, source) for row in rows if row.type == "TRADE")
            errors.extend([error] if error else [])
        if errors and len(errors) == len(answers):
            raise Temporary(f"no poll was answered; the first: {errors[0]}")
        found.sort(key=lambda pair: pair[0].timestamp_s)
        facts = await self._market_facts(found, watched)
        trades = [Heard(row.timestamp_s * SECOND, source, trade_of(row, self.deliveries)) for row, source in found]
        return [*facts, *trades]

    async def _wallet_rows(self, wallet: str) -> tuple[Sequence[ActivityRow], str, str]:
        # Kept although the poll may fail: the next one asks for what this one did not get.
        since = self._since.setdefault(wallet, self._now() // SECOND - OVERLAP_S)
        try:
            page = await self._data.fetch_recent(wallet, since)
        except (Temporary, BadInput) as error:
            return (), "activity", f"{wallet}: {error}"
        self.answers += 1
        self.refused += len(page.refused)
        newest = max((row.timestamp_s for row in page.rows), default=since)
        if self._since.get(wallet) == since:  # else somebody asked to look back while the answer was under way
            self._since[wallet] = max(since, newest - OVERLAP_S)
        return page.rows, "activity", ""

    async def _prints(self, market: str) -> tuple[Sequence[ActivityRow], str, str]:
        try:
            async for page in self._data.trades(condition=market, limit=PRINTS_LIMIT, pages_max=1):
                self.refused += len(page.refused)
                oldest = self._now() // SECOND - PRINTS_BACK_S
                return [row for row in page.rows if row.timestamp_s >= oldest], "trades", ""
        except (Temporary, BadInput) as error:
            return (), "trades", f"{market}: {error}"
        return (), "trades", ""

    async def _market_facts(self, found: list[tuple[ActivityRow, str]], watched: Sequence[str]) -> list[Heard]:
        """Markets not known or due again, their resolutions, and fresh books of the tokens just traded."""
        now = self._now()
        fresh = [row for row, source in found if source == "activity"]
        new = [row.condition_id for row in fresh if row.condition_id not in self._known]
        due = [market for market in watched if now - self._known.get(market, 0) >= MARKETS_EVERY_NS]
        facts: list[Heard] = []
        try:
            for market in await self.markets([*new, *due]):
                listed = market_of(market)
                changed = market.condition_id in self._known
                self._known[market.condition_id] = now
                facts.append(Heard(now, "gamma", MarketChanged(listed) if changed else MarketListed(listed)))
                paid = payouts_of(market)
                if paid is not None:
                    facts.append(Heard(now, "gamma", MarketResolved(market.condition_id, paid)))
            tokens = list(dict.fromkeys(row.token_id for row in fresh))
            facts += [Heard(now, "clob", book) for book in await self._books(tokens)]
        except (Temporary, BadInput):
            # Without market data the engine skips (market unknown, depth unknown): late data costs a copy, not money.
            self.refused += 1
        return facts

    async def _books(self, tokens: list[str]) -> list[BookSnapshot]:
        if not tokens or self._clob is None:
            return []
        page = await self._clob.books(tokens)
        self.refused += len(page.refused)
        return [BookSnapshot(book.condition_id, book.token_id, book.bids, book.asks) for book in page.rows]
