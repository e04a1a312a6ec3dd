"""Naive copying, through the whole engine: every trade of one wallet, dollar for dollar, with no limit to stop it.

What is left are the things nobody can switch off: the trade is heard late, the order arrives later still, somebody has
to trade at a price within the slack, and the venue takes its fee. The rules that choose and protect are switched off,
so what the copy loses against the wallet is what copying costs. Two rules stay, as no account can do without them: no
purchase of a market's other outcome while the one is held, and the venue's smallest order.
"""

from pathlib import Path

from msgspec import Struct

from shared.adapters.memory.paper_log import MemoryPaperLog
from shared.adapters.memory.store import MemoryStore
from shared.adapters.paper.venue import PaperVenue
from shared.adapters.replay.recording import Recording, TapePrints
from shared.domain.command import Command, CommandKind
from shared.domain.instants import DAY
from shared.domain.messages import MarketListed, RankingPublished
from shared.domain.money import ONE, Fraction, Price, Shares, Usd, dollars
from shared.domain.whale import RankedWallet, Ranking
from shared.engine.engine import Engine
from shared.engine.limits import Limits
from shared.research.decomposition import Copied, Decomposition, Tape, Traded, decompose
from shared.research.executed import Noting
from shared.research.replay import Prepared, ReplayOptions, prepare
from shared.strategies.whale_copy import Params, WhaleCopy

CAPITAL = dollars(1_000_000_000)
"""So much that no cap in parts of the equity is ever reached."""
_MANY = 1_000_000_000
WIDE = Limits(
    portfolio_usd=CAPITAL,
    market_usd=CAPITAL,
    source_usd=CAPITAL,
    strategy_usd=CAPITAL,
    trade_min_usd=dollars(1),
    trade_max_usd=CAPITAL,
    market_of_equity=Fraction(ONE),
    source_of_equity=Fraction(ONE),
    positions_max=_MANY,
    topic_positions_max=_MANY,
    diversification_min=Fraction(0),
    diversification_target=Fraction(0),
    daily_loss_usd=CAPITAL,
    daily_loss_of_equity=Fraction(ONE),
    source_daily_loss_usd=CAPITAL,
    drawdown_halt=Fraction(ONE),
    drawdown_reduce=Fraction(ONE),
    losses_to_pause=_MANY,
    api_errors_per_hour=_MANY,
    failed_settlements_per_hour=_MANY,
    spot_move=Fraction(ONE),
    var_95_usd=CAPITAL,
    cvar_95_usd=CAPITAL,
    stress_of_equity=Fraction(ONE),
    entries_per_minute=_MANY,
    exits_per_minute=_MANY,
    scale_min=Fraction(ONE),
    scale_max=Fraction(ONE),
    streak_up=Fraction(ONE),
    streak_down=Fraction(ONE),
    confidence_factor=Fraction(ONE),
    volatility_normal=Fraction(ONE),
    spread_reduce=ONE,
    repeats_max=Fraction(ONE),
    overlap_max=Fraction(ONE),
    agree_factor=Fraction(ONE),
    vote_margin=Fraction(0),
    uncertain_low=ONE,
    uncertain_high=ONE,
    voice_ns=1,
    entry_before_end_ns=0,
    exit_before_end_ns=0,
    volume_24h_min_usd=Usd(0),
    spread_max=ONE,
    book_max_age_ns=DAY,
    price_band=Fraction(0),
    swing_max=ONE,
    stop_loss=Fraction(0),
    take_profit=Fraction(0),
    trailing_stop=Fraction(0),
    exits_updown=False,
    twap_above_usd=CAPITAL,
)
"""Every breaker, cap and filter as wide as it goes; execution as it is for everybody."""


class History(Struct, frozen=True):
    """What a naive copy of one wallet left: the wallet's trades as decided, our fills, payouts, and every print."""

    trades: tuple[Traded, ...]
    fills: tuple[Copied, ...]
    payouts: dict[str, dict[str, int]]
    """By market, then by token."""
    tapes: dict[str, Tape]
    realized: Usd
    """The ledger's realised profit after fees, in all markets together."""

    def decomposed(self, markets: tuple[str, ...] | None = None) -> Decomposition:
        """The split over these markets (all that are resolved, where None); those without a payout are left out."""
        names = self.payouts if markets is None else [name for name in markets if name in self.payouts]
        paid = {token: amount for name in names for token, amount in self.payouts[name].items()}
        return decompose(self.trades, self.fills, paid, self.tapes)


def read_history(path: Path, resolutions: Path | None = None, seed: int = 0) -> Prepared:
    """A recording ready to be copied from, as often as wanted; ``BadInput`` when it is unusable."""
    return prepare(ReplayOptions(path, resolutions=resolutions, seed=seed), lambda _: None)


def copy_all(ready: Prepared, wallet: str, seed: int = 0) -> History:
    """Copy every trade of the wallet on paper, dollar for dollar, and keep what came of it."""
    recording, store = ready.recording, MemoryStore()
    engine = Engine("paper", WhaleCopy(Params(sizing="ratio", ratio=Fraction(ONE))), WIDE)
    driver = Noting(engine, PaperVenue(seed, MemoryPaperLog()), store)
    first, _ = recording.span()
    driver.handle_now(Command("initial", CommandKind.DEPOSIT, "initial capital", CAPITAL), first)
    followed = (RankedWallet(wallet, 1, pinned=True),)
    driver.schedule(RankingPublished(Ranking(first, "named", followed)), first)
    for at, market in recording.listings(ready.known):
        driver.schedule(MarketListed(market), at)
    for at, resolved in ready.resolved:
        driver.schedule(resolved, max(at, first))
    driver.run(recording.events(), TapePrints(recording))
    fills = _fills(driver)
    trades = tuple(
        Traded(one.signal_id, one.token, one.side, Price(one.price), Shares(one.size), one.at, one.reason)
        for one in store.decisions
        if one.tx
    )
    payouts = {resolved.market: dict(resolved.payouts) for _, resolved in ready.resolved}
    tokens = dict.fromkeys(fill.token for fill in fills)
    return History(trades, fills, payouts, tapes_of(recording, tokens), engine.desk.books.realized)


def _fills(driver: Noting) -> tuple[Copied, ...]:
    orders = driver.engine.desk.books.orders
    return tuple(
        Copied(
            orders[key].signal_id,
            orders[key].token,
            orders[key].side,
            Price(fill.price),
            fill.size,
            fill.fee,
            orders[key].planned_at,
            fill.venue_at,
        )
        for key, made in driver.fills.items()
        for fill in made
    )


def tapes_of(recording: Recording, tokens: dict[str, None]) -> dict[str, Tape]:
    """The prints of these tokens, by everybody and in either direction, in the order of the venue's time."""
    names = recording.names["token"]
    found: dict[str, Tape] = {}
    for (code,), part in recording.prints.group_by("token", maintain_order=True):
        name = names[code]
        if name in tokens:
            found[name] = Tape(part["ts_ns"].to_list(), part["price"].to_list())
    return found
