"""Every event the engine accepts: one tagged union of payloads, complete from the first day.

An ``Event`` is a fact; ``observed_at`` is the only "now" the engine knows, ``venue_at`` is when the fact happened.
What the engine asks for in return is in ``effects``.
"""

from enum import Enum

from msgspec import Struct

from shared.domain.command import Command
from shared.domain.ledger import Fill, SettlementStatus
from shared.domain.market import Market
from shared.domain.money import Shares
from shared.domain.order import OrderState, Side
from shared.domain.tables import Figures, Voices
from shared.domain.whale import Ranking


class WhaleTrade(Struct, frozen=True, gc=False, tag=True):
    """One execution with its wallet, as an activity source delivered it; ``delivery`` numbers the poll or socket."""

    wallet: str
    market: str
    token: str
    side: Side
    price: int
    size: int
    tx: str
    delivery: int


class WalletActivity(Struct, frozen=True, gc=False, tag=True):
    """A row of a wallet's activity that is no trade (split, merge, redeem, reward, rebate...)."""

    wallet: str
    market: str
    activity: str
    size: int


class PublicTrade(Struct, frozen=True, gc=False, tag=True):
    """An execution whose wallet is not told (the market channel)."""

    market: str
    token: str
    side: Side
    price: int
    size: int
    tx: str
    delivery: int


class BookSnapshot(Struct, frozen=True, tag=True):
    """The whole visible book of a token, best level first, as (price, size) pairs."""

    market: str
    token: str
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


class BookChange(Struct, frozen=True, gc=False, tag=True):
    """The new total size at one level; 0 removes it."""

    market: str
    token: str
    side: Side
    price: int
    size: int


class PriceKind(Enum):
    """Which price an outside feed reports."""

    SPOT = "spot"
    INDEX = "index"
    TWAP = "twap"


class PricePoint(Struct, frozen=True, gc=False, tag=True):
    """The price of an underlying in micro-dollars."""

    symbol: str
    kind: PriceKind
    value: int


class SpotTrade(Struct, frozen=True, gc=False, tag=True):
    """An execution on an outside exchange: micro-dollars per coin, millionths of a coin, ``side`` of the aggressor."""

    symbol: str
    side: Side
    price: int
    size: int
    trade_id: int


class SpotBook(Struct, frozen=True, tag=True):
    """The top of an outside exchange's book, best level first, as (micro-dollars, millionths of a coin) pairs."""

    symbol: str
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


class SpotCandle(Struct, frozen=True, gc=False, tag=True):
    """A candle of an outside exchange; ``closed`` is False while it still changes. Volumes in millionths of a coin."""

    symbol: str
    interval_s: int
    opened_at: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    buy_volume: int
    trades: int
    closed: bool


class TickSizeChanged(Struct, frozen=True, gc=False, tag=True):
    """A token's prices move in other steps from now on (micro-dollars); its book is unknown until the next snapshot."""

    market: str
    token: str
    tick: int


class MarketListed(Struct, frozen=True, tag=True):
    """A market is known from now on."""

    market: Market


class MarketChanged(Struct, frozen=True, tag=True):
    """A market's data changed (tick size, volume, prices, accepting orders); the new state in full."""

    market: Market


class MarketResolved(Struct, frozen=True, tag=True):
    """The payout of each token of a market, in micro-dollars per share."""

    market: str
    payouts: dict[str, int]


class TimerKind(Enum):
    """What a wake-up is for."""

    ORDER_EXPIRY = "order_expiry"
    ANSWER_TIMEOUT = "answer_timeout"
    NEXT_LEG = "next_leg"
    """An intent may go on: its key is that of its last order."""
    TIME_EXIT = "time_exit"
    """A market must be left: its key is the market."""
    UNANSWERED = "unanswered"
    """What the chain was asked for has not been answered: its key is a merge's ref, or a market to be redeemed."""
    UNBOOKED = "unbooked"
    """A sale of shares we do not know of should have been explained by now: its key is the order's."""
    PULSE = "pulse"
    """A second has passed: a driver says so while nothing else is heard."""


class TimerFired(Struct, frozen=True, gc=False, tag=True):
    """The engine asked to be woken and now is."""

    timer: TimerKind
    key: str


class FeedHealth(Struct, frozen=True, gc=False, tag=True):
    """A feed went down or came back, with its reason."""

    feed: str
    healthy: bool
    reason: str


class NoticeKind(Enum):
    """What happened to a source, short of its being down."""

    CONNECTED = "connected"
    LOST = "lost"
    SILENT = "silent"
    GAP = "gap"
    RESYNC = "resync"
    FALLBACK = "fallback"
    REFUSED = "refused"
    DROPPED = "dropped"
    LATE = "late"
    CLOCK = "clock"


class FeedNotice(Struct, frozen=True, gc=False, tag=True):
    """Something worth knowing about a source (a connect, a silence, a gap...) and why; nothing trades on it."""

    feed: str
    kind: NoticeKind
    reason: str
    connection: int = 0


class RankingPublished(Struct, frozen=True, tag=True):
    """The watch list from now on."""

    ranking: Ranking


class VoicesPublished(Struct, frozen=True, tag=True):
    """Who of the followed wallets is no independent voice, from now on."""

    voices: Voices


class FiguresPublished(Struct, frozen=True, tag=True):
    """What the portfolio could lose, from now on."""

    figures: Figures


class ControlChanged(Struct, frozen=True, gc=False, tag=True):
    """The kill switch was set or cleared."""

    trading: bool
    reason: str


class Closing(Struct, frozen=True, gc=False, tag=True):
    """This life is ending in order: what rests at the venue is cancelled, and nothing more is sent."""

    reason: str


class PlanCommitted(Struct, frozen=True, gc=False, tag=True):
    """The store wrote the plan; ``existed`` when the same order key had been written before."""

    order_key: str
    existed: bool = False


class RefusedBy(Enum):
    """Which condition of the plan transaction failed."""

    SWITCH = "switch"
    EPOCH = "epoch"
    HEADROOM = "headroom"
    EXISTS = "exists"
    STORE = "store"


class PlanRefused(Struct, frozen=True, gc=False, tag=True):
    """The store did not write the plan."""

    order_key: str
    by: RefusedBy
    detail: str = ""


class OrderAccepted(Struct, frozen=True, gc=False, tag=True):
    """The venue took the order."""

    order_key: str
    venue_order_id: str


class OrderRejected(Struct, frozen=True, gc=False, tag=True):
    """The venue proved that it did not take the order."""

    order_key: str
    reason: str


class OrderInDoubt(Struct, frozen=True, gc=False, tag=True):
    """The outcome of a request is unknown."""

    order_key: str
    reason: str


class OrderUnsent(Struct, frozen=True, gc=False, tag=True):
    """We have not begun to send a planned order, and never will: what ``reason`` says stood in the way."""

    order_key: str
    reason: str


class OrderReport(Struct, frozen=True, gc=False, tag=True):
    """The venue's statement on an order: its state and what it has filled in total."""

    order_key: str
    state: OrderState
    filled: Shares


class OrderFilled(Struct, frozen=True, gc=False, tag=True):
    """One of our orders was executed, in whole or in part."""

    fill: Fill


class FillStatus(Struct, frozen=True, gc=False, tag=True):
    """How far one of our executions has settled; after FAILED it never happened."""

    trade_id: str
    order_key: str
    status: SettlementStatus


class Redeemed(Struct, frozen=True, gc=False, tag=True):
    """The venue has paid out the shares of a resolved market; nothing of it is in the wallet any more."""

    market: str


class Merged(Struct, frozen=True, gc=False, tag=True):
    """The venue has turned ``size`` shares of each outcome of a market into as many dollars."""

    market: str
    size: Shares
    ref: str


class MergeReverted(Struct, frozen=True, gc=False, tag=True):
    """The venue could not merge: the wallet did not hold so many shares of each outcome."""

    market: str
    ref: str


class RebatePaid(Struct, frozen=True, gc=False, tag=True):
    """The venue has paid a rebate of ``amount`` micro-dollars, once per ``ref``."""

    ref: str
    amount: int


Payload = (
    WhaleTrade
    | WalletActivity
    | PublicTrade
    | BookSnapshot
    | BookChange
    | PricePoint
    | SpotTrade
    | SpotBook
    | SpotCandle
    | TickSizeChanged
    | MarketListed
    | MarketChanged
    | MarketResolved
    | TimerFired
    | FeedHealth
    | FeedNotice
    | RankingPublished
    | VoicesPublished
    | FiguresPublished
    | ControlChanged
    | Closing
    | PlanCommitted
    | PlanRefused
    | OrderAccepted
    | OrderRejected
    | OrderInDoubt
    | OrderUnsent
    | OrderReport
    | OrderFilled
    | FillStatus
    | Redeemed
    | Merged
    | MergeReverted
    | RebatePaid
    | Command
)


class Event(Struct, frozen=True, gc=False):
    """A fact handed to the engine. ``seq`` counts events within a life; times in nanoseconds UTC."""

    seq: int
    observed_at: int
    venue_at: int
    source: str
    payload: Payload
    v: int = 1
