"""What the control API takes and gives. Amounts are micro-dollars, shares of something and prices are millionths, times
are ISO-8601 UTC.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=200)]
Wallet = Annotated[str, StringConstraints(to_lower=True, pattern=r"^0[xX][0-9a-fA-F]{40}$")]
OrderKey = Annotated[str, StringConstraints(pattern=r"^\S{1,120}$")]
LimitName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,40}$")]
LimitText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]


class Told(BaseModel):
    """A request to change something: nothing but its fields, and always why."""

    model_config = ConfigDict(extra="forbid")
    reason: Reason


class NewMode(Told):
    """Whether the strategy trades, or decides and records only."""

    mode: Literal["trade", "observe"]


class NewConfig(Told):
    """Limits by name and text (``"stop_loss": "10%"``), wallets followed by hand from now on or no more; ``reset``:
    whatever was changed before is forgotten first. All of it is accepted or nothing.
    """

    limits: Annotated[dict[LimitName, LimitText], Field(max_length=50)] = {}
    pinned: Annotated[list[Wallet], Field(max_length=50)] = []
    unpinned: Annotated[list[Wallet], Field(max_length=50)] = []
    reset: bool = False


class NewReview(Told):
    """An order that failed for good, and what was found."""

    order_key: OrderKey


class Asked(BaseModel):
    """The trader was asked; what it makes of it is seen in the answers of GET. ``command_id`` names the request."""

    command_id: str
    kind: str
    who: str
    says: str


class Stop(BaseModel):
    """What a stop did."""

    trading: bool
    reason: str
    at: str
    was_stopped: bool
    orders: str


class DeadLetter(BaseModel):
    """An order that failed for good, and who has looked at it (empty: nobody yet)."""

    order_key: str
    planned_at: str
    market: str
    token: str
    side: str
    size: int
    filled: int
    limit: int
    note: str
    reviewed_by: str
    review: str
    reviewed_at: str


class Reviewed(BaseModel):
    """Whose review of the order is kept: the first one stays. ``was_reviewed``: it is not the one just given."""

    order_key: str
    who: str
    note: str
    at: str
    was_reviewed: bool


class Component(BaseModel):
    """One part of the system: whether it is well, and how it stands in words."""

    ok: bool
    says: str


class Health(BaseModel):
    """``ok``: every component is."""

    ok: bool
    at: str
    components: dict[str, Component]


class Mode(BaseModel):
    """How the account trades. ``stopped_because`` is empty while it does."""

    account: str
    deployment: str
    mode: str
    trading: bool
    stopped_because: str
    stopped_at: str
    waiting: list[str]


class Config(BaseModel):
    """Limits in force, those that people changed (as written), and who is watched by hand. ``made`` and ``refused``:
    the latest requests that hold, and those that do not, by ``command_id``, and why.
    """

    in_force: dict[str, Any]
    changed: dict[str, str]
    pinned: list[str]
    unpinned: list[str]
    unfit: str
    made: list[str]
    refused: dict[str, str]


class MarketRow(BaseModel):
    """One market the system knows."""

    market: str
    kind: str
    question: str
    category: str
    tokens: list[str]
    outcomes: list[str]
    ends_at: str | None
    accepting: bool
    best_bid: int | None
    best_ask: int | None


class Available(BaseModel):
    """A page of markets; ask again with ``after`` for the next one (empty: there is none)."""

    markets: list[MarketRow]
    after: str


class PositionRow(BaseModel):
    """What is held of a token on one whale's account; ``mark`` is the last price known."""

    market: str
    token: str
    source: str
    strategy: str
    size: int
    cost: int
    realized: int
    mark: int | None
    opened_at: str


class Profit(BaseModel):
    """Profit of the account, and what each whale brought by what was closed."""

    at: str
    equity: int
    cash: int
    realized: int
    unrealized: int
    fees: int
    by_source: dict[str, int]


class TradeRow(BaseModel):
    """One execution of an order of ours."""

    at: str
    trade_id: str
    order_key: str
    market: str
    token: str
    source: str
    side: str
    price: int
    size: int
    fee: int
    liquidity: str


class Trades(BaseModel):
    """A page of a day's executions; ask again with ``after`` for the next one (empty: there is none)."""

    trades: list[TradeRow]
    after: str


class DecisionRow(BaseModel):
    """What was made of a whale's trade, and why."""

    at: str
    wallet: str
    market: str
    token: str
    side: str
    price: int
    size: int
    reason: str
    stake: int
    order_key: str
