"""Detection: from rows as sources deliver them to whale trades seen once, and from those to signals (bursts)."""

from msgspec import Struct

from shared.domain.errors import BadInput
from shared.domain.ids import fact_id
from shared.domain.instants import SECOND
from shared.domain.messages import WhaleTrade
from shared.domain.money import (
    ONE,
    Fraction,
    Shares,
    Usd,
    mean_edge,
    mul_div_floor,
    same_size,
    shrunken_mean,
    value,
)
from shared.domain.order import Side
from shared.domain.whale import RankedWallet, Ranking, Signal

EDGE_PRIOR_MARKETS = 20
"""Markets of zero edge every wallet is assumed to have behind it: with fewer real ones luck outweighs skill."""
PERCENTILE_BUCKETS = 64
WEIGHT_SIZE = 250_000
WEIGHT_VELOCITY = 150_000
WEIGHT_FIRST_ENTRY = 200_000
WEIGHT_SCORE = 200_000
WEIGHT_AGREEMENT = 200_000
"""How much each factor of the confidence counts, in millionths; they sum to one."""
VELOCITY_FULL = 10
"""Fills of one burst that count as full trade velocity."""
AGREEMENT_FULL = 3
"""Other whales on the same side of the token that count as full agreement."""


DELIVERIES_KEPT = 32
"""Deliveries remembered for each fill: a row that every poll delivers again must not grow for ever."""


class DetectionParams(Struct, frozen=True):
    """``max_age_ns``: older trades are stale; ``window_ns``: how long a row is remembered; ``burst_ns``: see Signal."""

    max_age_ns: int = 60 * SECOND
    window_ns: int = 65 * SECOND
    burst_ns: int = 60 * SECOND

    def __post_init__(self) -> None:
        if self.window_ns < self.max_age_ns:
            raise BadInput(f"window_ns must not be below max_age_ns {self.max_age_ns}, not {self.window_ns}")


class _Seen:
    """One distinct fill: how often it has been counted, and how often each delivery has shown it."""

    __slots__ = ("delivery", "n", "others", "seen", "size", "source")

    def __init__(self, size: int, source: str, delivery: int) -> None:
        self.size = size
        self.source = source
        self.delivery = delivery
        self.n = 1
        self.seen = 1
        self.others: dict[tuple[str, int], int] | None = None

    def known(self, source: str, delivery: int) -> bool:
        """Counts one more row of this delivery, unless it has shown every counted fill already."""
        if source == self.source and delivery == self.delivery:
            if self.n == self.seen:
                return False
            self.n += 1
            return True
        if self.others is None:
            self.others = {}
        n = self.others.get((source, delivery), 0)
        if n == self.seen:
            return False
        self.others[source, delivery] = n + 1
        if len(self.others) > DELIVERIES_KEPT:  # a delivery forgotten starts again: a miss, never a double
            del self.others[next(iter(self.others))]
        return True


class Deliveries:
    """Tells a new fill from a re-delivered one (design: *same trade*).

    Equal rows within one delivery are separate fills; a later delivery starts counting again, so its n-th equal row is
    the n-th already known. Two generations of a dictionary make every look-up O(1) and bound memory to two windows.
    """

    def __init__(self, window_ns: int) -> None:
        self._window_ns = window_ns
        self._rotate_at = 0
        self._now: dict[tuple[str, str, str, Side], list[_Seen]] = {}
        self._before: dict[tuple[str, str, str, Side], list[_Seen]] = {}

    def is_new(self, trade: WhaleTrade, source: str, at: int) -> bool:
        """Whether this row is a fill not counted before; remembers it for at least one window after ``at``."""
        if at >= self._rotate_at:
            stale = at >= self._rotate_at + self._window_ns
            self._before = {} if stale else self._now
            self._now = {}
            self._rotate_at = at + self._window_ns
        key = (trade.tx, trade.wallet, trade.token, trade.side)
        entries = self._now.get(key)
        if entries is None:
            entries = self._before.get(key)
            if entries is None:
                self._now[key] = [_Seen(trade.size, source, trade.delivery)]
                return True
            self._now[key] = entries
        return self._is_another(entries, trade, source)

    def _is_another(self, entries: list[_Seen], trade: WhaleTrade, source: str) -> bool:
        """Whether fills like this one are counted already, and this delivery has shown each of them before."""
        same = None
        for entry in entries:
            exact = entry.size == trade.size
            if exact or (entry.source != source and same_size(entry.size, trade.size)):
                if entry.known(source, trade.delivery):
                    return False
                if same is None or exact:
                    same = entry
        if same is None:
            entries.append(_Seen(trade.size, source, trade.delivery))
        else:
            same.seen += 1
            same.known(source, trade.delivery)
        return True


class Burst:
    """The fills of one (wallet, token, side) within a minute of the first."""

    __slots__ = ("confidence", "fills", "first_tx", "last_price", "notional", "opened_at", "signal_id", "size", "start")

    def __init__(self, signal_id: str, opened_at: int, first_tx: str, start: Shares, confidence: Fraction) -> None:
        self.signal_id = signal_id
        self.opened_at = opened_at
        self.first_tx = first_tx
        self.start = start
        self.confidence = confidence
        self.fills = 0
        self.last_price = 0
        self.size = 0
        self.notional = 0


class Whale:
    """What we know of a followed wallet: its record, its holdings as far as seen, its open bursts."""

    __slots__ = (
        "bought",
        "bursts",
        "edge_total",
        "entries",
        "histogram",
        "holdings",
        "n_markets",
        "rank",
        "score",
        "seen",
        "wallet",
    )

    def __init__(self, ranked: RankedWallet) -> None:
        self.wallet = ranked.wallet
        self.rank = ranked.rank
        self.score = 0
        """The weight of its place in the ranking: full for the first, none beyond the last."""
        self.n_markets = ranked.n_markets
        self.edge_total = ranked.edge_total
        self.entries = True
        self.holdings: dict[str, int] = {}
        self.bought: dict[str, dict[str, list[int]]] = {}
        self.bursts: dict[tuple[str, Side], Burst] = {}
        self.histogram = [0] * PERCENTILE_BUCKETS  # not money: a list of zeros
        self.seen = 0

    def edge(self) -> int | None:
        """Shrunken mean of (won - price paid) per market, in millionths; None before any market resolved."""
        if self.n_markets == 0:
            return None
        return shrunken_mean(self.edge_total, self.n_markets, EDGE_PRIOR_MARKETS)

    def size_percentile(self, notional: int) -> int:
        """Share of this wallet's earlier fills that were smaller (by powers of two), in millionths."""
        if self.seen == 0:
            return ONE
        bucket = min(notional.bit_length(), PERCENTILE_BUCKETS - 1)
        return mul_div_floor(sum(self.histogram[:bucket]), ONE, self.seen)


class Detection:
    """The watch list, de-duplication, the whales' holdings and records, and the open bursts."""

    def __init__(self, params: DetectionParams) -> None:
        self.params = params
        self.whales: dict[str, Whale] = {}
        self.ranked = 0
        self.deliveries = Deliveries(params.window_ns)
        self._by_market: dict[str, dict[str, Whale]] = {}
        self._buyers: dict[str, dict[str, int]] = {}
        self._restored: list[tuple[str, str, Side, Burst]] = []

    def publish(self, ranking: Ranking, keep: tuple[str, ...]) -> None:
        """Follow this ranking from now on; wallets in ``keep`` (we hold their sleeves) stay watched for exits only."""
        before = self.whales
        self.whales = {}
        for ranked in ranking.wallets:
            whale = before.get(ranked.wallet)
            if whale is None:
                whale = Whale(ranked)
            else:
                whale.rank, whale.n_markets, whale.edge_total = ranked.rank, ranked.n_markets, ranked.edge_total
            whale.entries = not ranked.watched_only
            self.whales[ranked.wallet] = whale
        for wallet in keep:
            if wallet not in self.whales:
                whale = before.get(wallet) or Whale(RankedWallet(wallet, len(ranking.wallets) + 1))
                whale.entries = False
                self.whales[wallet] = whale
        self.ranked = len(ranking.wallets)
        for whale in self.whales.values():
            whale.score = mul_div_floor(max(self.ranked - whale.rank + 1, 0), WEIGHT_SCORE, max(self.ranked, 1))
        waiting, self._restored = self._restored, []
        for wallet, token, side, burst in waiting:
            self.restore_burst(wallet, token, side, burst)
        self._by_market = {
            market: kept
            for market, wallets in self._by_market.items()
            if (kept := {w: self.whales[w] for w in wallets if w in self.whales})
        }

    def observe(self, whale: Whale, trade: WhaleTrade, venue_at: int, at: int) -> Burst:
        """Count a new whale trade into its holdings, record and burst; returns the burst it belongs to.

        A stale trade is a burst of its own, which nothing joins: it must not be copied, by a top-up either.
        """
        token, size = trade.token, trade.size
        notional = value(trade.size, trade.price)
        held = whale.holdings.get(token, 0)
        before = whale.bursts.get((token, trade.side))
        stale = self.is_stale(venue_at, at)
        if stale or before is None or abs(venue_at - before.opened_at) > self.params.burst_ns:
            signal_id = fact_id("burst", trade.wallet, token, trade.side.value, venue_at, trade.tx)
            confidence = self._confidence(whale, trade, venue_at, notional, before)
            burst = Burst(signal_id, venue_at, trade.tx, Shares(held), confidence)
            if not stale:
                self._open(whale, trade, burst)
        else:
            burst = before
        burst.fills += 1
        burst.last_price = trade.price
        burst.size += size
        burst.notional += notional
        whale.seen += 1
        whale.histogram[min(notional.bit_length(), PERCENTILE_BUCKETS - 1)] += 1
        if trade.side is Side.BUY:
            whale.holdings[token] = held + size
            self._count_bought(whale, trade, notional)
        else:
            whale.holdings[token] = max(held - size, 0)
        return burst

    def is_stale(self, venue_at: int, at: int) -> bool:
        """Whether a trade is too old to be copied when it is observed."""
        return at - venue_at > self.params.max_age_ns

    def _open(self, whale: Whale, trade: WhaleTrade, burst: Burst) -> None:
        whale.bursts[trade.token, trade.side] = burst
        if trade.side is Side.BUY:
            self._buyers.setdefault(trade.token, {})[trade.wallet] = burst.opened_at

    def _confidence(
        self, whale: Whale, trade: WhaleTrade, venue_at: int, notional: int, before: Burst | None
    ) -> Fraction:
        """Weighted mean of the five factors of the specification (section 3), in millionths; ``before``: the wallet's
        last burst of this kind.
        """
        confidence = mul_div_floor(whale.size_percentile(notional), WEIGHT_SIZE, ONE) + whale.score
        if before is not None:
            confidence += mul_div_floor(min(before.fills, VELOCITY_FULL), WEIGHT_VELOCITY, VELOCITY_FULL)
        if trade.market not in whale.bought:
            confidence += WEIGHT_FIRST_ENTRY
        buyers = self._buyers.get(trade.token)
        if buyers:
            others, earliest, latest = 0, venue_at - self.params.burst_ns, venue_at + self.params.burst_ns
            for wallet, at in buyers.items():
                if earliest <= at <= latest and wallet != trade.wallet:
                    others += 1
            confidence += mul_div_floor(min(others, AGREEMENT_FULL), WEIGHT_AGREEMENT, AGREEMENT_FULL)
        return Fraction(confidence)

    def _count_bought(self, whale: Whale, trade: WhaleTrade, notional: int) -> None:
        tokens = whale.bought.get(trade.market)
        if tokens is None:
            tokens = whale.bought[trade.market] = {}
            self._by_market.setdefault(trade.market, {})[trade.wallet] = whale
        pair = tokens.get(trade.token)
        if pair is None:
            tokens[trade.token] = [trade.size, notional]
        else:
            pair[0] += trade.size
            pair[1] += notional

    def resolve(self, market: str, payouts: dict[str, int]) -> None:
        """Add a resolved market to the record of every followed wallet that bought in it, and forget its holdings."""
        for token in payouts:
            self._buyers.pop(token, None)
        for whale in self._by_market.pop(market, {}).values():
            known = won = paid = size = 0
            tokens = whale.bought.pop(market)
            for token, (bought, spent) in tokens.items():
                if token in payouts:
                    known += 1
                    won += value(bought, payouts[token])
                    paid += spent
                    size += bought
                whale.holdings.pop(token, None)
                whale.bursts.pop((token, Side.BUY), None)
                whale.bursts.pop((token, Side.SELL), None)
            if known:
                whale.edge_total += mean_edge(Usd(won), Usd(paid), Shares(size))
                whale.n_markets += 1

    def restore_burst(self, wallet: str, token: str, side: Side, burst: Burst) -> None:
        """A burst known from a stored order: it is open again as soon as its wallet is followed, so that a restart
        cannot copy it a second time.
        """
        if wallet in self.whales:
            self._reopen(self.whales[wallet], token, side, burst)
        else:
            self._restored.append((wallet, token, side, burst))

    def _reopen(self, whale: Whale, token: str, side: Side, burst: Burst) -> None:
        known = whale.bursts.get((token, side))
        if known is None or (
            known.signal_id != burst.signal_id and known.opened_at - burst.opened_at <= self.params.burst_ns
        ):
            whale.bursts[token, side] = burst


def signal_of(burst: Burst, trade: WhaleTrade) -> Signal:
    """The burst as it stands, as the claim a strategy decides on."""
    sold = ONE
    if trade.side is Side.SELL and burst.start > burst.size:
        sold = mul_div_floor(burst.size, ONE, burst.start)
    return Signal(
        burst.signal_id,
        trade.wallet,
        trade.market,
        trade.token,
        trade.side,
        burst.opened_at,
        burst.first_tx,
        burst.fills,
        burst.last_price,
        Shares(burst.size),
        Usd(burst.notional),
        burst.confidence,
        Fraction(sold),
    )
