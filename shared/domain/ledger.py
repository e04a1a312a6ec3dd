"""The double entry: postings that sum to zero for each asset, positions, and the journal's money record."""

from enum import Enum

from msgspec import UNSET, Struct, UnsetType

from shared.domain.change import Change
from shared.domain.errors import Corrupt
from shared.domain.ids import fact_id
from shared.domain.money import Shares, Usd
from shared.domain.order import Order

PUSD = "pUSD"
"""The collateral asset; every other asset is a token id."""

CASH = "cash"
RESERVED = "reserved"
VENUE = "venue"
FEES = "fees"
DEPOSITS = "deposits"
SETTLEMENT = "settlement"
PROVISIONAL = "provisional"
"""What executions that have not settled brought (pUSD of sales, shares of purchases): ours if they do."""
REBATES = "rebates"
EXTERNAL = "external"
"""What moved without an order of ours: somebody else used the wallet."""


def shares_account(sleeve: str) -> str:
    """The account that holds a sleeve's shares."""
    return f"shares:{sleeve}"


class Entry(Struct, frozen=True, gc=False, array_like=True):
    """One line: ``amount`` millionths of ``asset`` into (or, negative, out of) ``account``."""

    account: str
    asset: str
    amount: int


class PostingKind(Enum):
    """What moved the money."""

    DEPOSIT = "deposit"
    RESERVE = "reserve"
    FILL = "fill"
    RELEASE = "release"
    SETTLE = "settle"
    CONFIRM = "confirm"
    REVERSE = "reverse"
    MERGE = "merge"
    REBATE = "rebate"
    EXTERNAL = "external"


class Posting(Struct, frozen=True):
    """A balanced, immutable transaction. ``posting_id`` is derived from the kind and its natural key."""

    posting_id: str
    kind: PostingKind
    at: int
    entries: tuple[Entry, ...]
    ref: str = ""
    v: int = 1


def posting(kind: PostingKind, key: str, at: int, entries: tuple[Entry, ...], ref: str = "") -> Posting:
    """Make a posting with its derived id; zero lines are dropped; ``Corrupt`` when an asset does not sum to zero."""
    kept = tuple(entry for entry in entries if entry.amount != 0)
    sums: dict[str, int] = {}
    for entry in kept:
        sums[entry.asset] = sums.get(entry.asset, 0) + entry.amount
    for asset, total in sums.items():
        if total != 0:
            raise Corrupt(f"posting {kind.value} {key}: {asset} sums to {total}, not 0")
    return Posting(fact_id("posting", kind.value, key), kind, at, kept, ref)


class Position(Struct, frozen=True, gc=False):
    """What a sleeve holds of a token: size and all-in cost (fees included), never an average.

    ``realized`` is the profit in micro-dollars already taken out of it, ``selling`` the shares in open SELL orders.
    """

    account: str
    token: str
    sleeve: str
    market: str
    strategy: str
    source: str
    size: Shares = Shares(0)
    cost: Usd = Usd(0)
    realized: Usd = Usd(0)
    opened_at: int = 0
    changed_at: int = 0
    v: int = 1

    @property
    def key(self) -> str:
        """``token#sleeve``, unique within the account."""
        return f"{self.token}#{self.sleeve}"


class Fill(Struct, frozen=True, gc=False):
    """One execution of our order, keyed by (trade id, order key). Times in nanoseconds.

    ``liquidity`` is ``taker`` or ``maker``; ``rebate`` estimates what the venue will give back to a maker (no money
    moves by it; the venue pays its rebates daily, by market). ``settles``: the venue will say how it settles, so it is
    provisional until then.
    """

    trade_id: str
    order_key: str
    price: int
    size: Shares
    fee: Usd
    venue_at: int
    liquidity: str = "taker"
    rebate: Usd = Usd(0)
    settles: bool = False


class SettlementStatus(Enum):
    """How far an execution has come on the chain: MATCHED is provisional, CONFIRMED and FAILED are final."""

    MATCHED = "MATCHED"
    MINED = "MINED"
    CONFIRMED = "CONFIRMED"
    FAILED = "FAILED"


SETTLED_FOR_GOOD = (SettlementStatus.CONFIRMED, SettlementStatus.FAILED)
FillKey = tuple[str, str]
"""(trade id, order key): what a fill is known by."""


class BookedFill(Struct, frozen=True, gc=False):
    """An execution in our books and how far we know it to have settled; FAILED has been taken back out of them."""

    fill: Fill
    status: SettlementStatus = SettlementStatus.MATCHED


class Redemption(Struct, frozen=True, gc=False):
    """Shares of a resolved market that our books have turned into ``paid`` pUSD; the wallet may still hold them."""

    token: str
    size: Shares
    paid: Usd


class Merging(Struct, frozen=True):
    """Shares of both outcomes that the venue is asked to turn into as many dollars; ``ref`` names it for good."""

    market: str
    tokens: tuple[str, str]
    size: Shares
    ref: str


class HeadroomChange(Struct, frozen=True, gc=False, array_like=True):
    """A limit's remaining room changes by ``delta`` micro-dollars (or shares); ``limit`` is its size when first used.

    A negative delta inside a plan is refused by the store when the room would go below zero. A limit of another size
    is a delta too (see ``RESIZING``): a lower one may leave less than no room, which no plan fits into.
    """

    name: str
    delta: int
    limit: int


class RecordKind(Enum):
    """Which kind of money event a journal record tells."""

    DEPOSITED = "deposited"
    PLANNED = "planned"
    MOVED = "moved"
    FILLED = "filled"
    SETTLED = "settled"
    CONFIRMED = "confirmed"
    REVERSED = "reversed"
    MERGING = "merging"
    """A merge is about to be asked for: whatever becomes of this life, the next one knows of it."""
    MERGED = "merged"
    UNMERGED = "unmerged"
    """The venue could not merge what was asked for."""
    REBATED = "rebated"
    EXTERNAL = "external"
    REDEEMED = "redeemed"
    HALTED = "halted"
    RESUMED = "resumed"
    VOIDED = "voided"
    """Nothing: it takes the place of a plan that was given up and might still arrive."""
    CHANGED = "changed"
    """A person changed something; the rooms with it."""
    RESIZED = "resized"
    """Rooms were given the size that the limits now say."""


OBEYING = (RecordKind.CHANGED, RecordKind.RESUMED)
"""Records by which a command is obeyed, whose id is their ``ref``: it is forgotten in the same commit, so that no crash
comes between the two and no later life obeys it again (a resume, perhaps, after somebody has stopped trading since).
"""
RESIZING = (RecordKind.CHANGED, RecordKind.RESIZED)
"""Records whose ``headroom`` changes how large rooms are, and not how much of them is used."""


class Record(Struct, frozen=True):
    """One line of the journal: everything one money event changed, committed in one transaction.

    ``order`` and ``position`` are after-images, ``posting`` is put once, ``headroom`` is added. Orders, positions,
    ledger and headroom are projections of these records and can be rebuilt from them alone. ``status`` is how far
    ``fill`` has settled, in records of settlement (CONFIRMED, REVERSED). ``ref`` names what a record without a posting
    is about: the market redeemed, the merge that reverted, the breaker that halted, the command that asked for a
    ``change``. What only some kinds have (``change``, ``merging``) is left out of the encoding of all others, so that
    old digests of records and effects stay true.
    """

    kind: RecordKind
    account: str
    at: int
    order: Order | None = None
    position: Position | None = None
    posting: Posting | None = None
    fill: Fill | None = None
    headroom: tuple[HeadroomChange, ...] = ()
    v: int = 1
    status: SettlementStatus | None = None
    ref: str = ""
    change: Change | UnsetType = UNSET
    merging: Merging | UnsetType = UNSET
