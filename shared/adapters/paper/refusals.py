"""The venue's own rejections: its codes and its exact texts (polymarket.md 1.6, 1.7, 4.2), and the checks that lead to
them, in the order in which the venue looks. What it proves it did not take is rejected; nothing here is ever in doubt.
"""

from msgspec import Struct

from shared.adapters.paper.orders import Terms
from shared.adapters.paper.outages import Mode
from shared.domain.instants import MINUTE, SECOND
from shared.domain.money import ONE, cost, floor_tick, format_micro, proceeds
from shared.domain.order import Order, OrderType, Side

MOST_ORDERS = 15
"""Orders of one batch."""
EXPIRES_EARLY_NS = 60 * SECOND
"""The venue ends a GTD order this long before its expiration."""
SOONEST_EXPIRY_NS = 3 * MINUTE
MIN_MARKETABLE_BUY = ONE
"""A BUY that takes spends a dollar at least."""
TWO_DECIMALS = 10_000
FOUR_DECIMALS = 100


class Refusal(Struct, frozen=True):
    """A rejection: HTTP status, code and text; ``retry_after_s`` where the venue says when to come back."""

    status: int
    code: str
    text: str
    retry_after_s: int = 0

    @property
    def reason(self) -> str:
        """All of it as one line."""
        later = f" (retry after {self.retry_after_s} s)" if self.retry_after_s else ""
        return f"{self.status} {self.code}: {self.text}{later}"


NOT_READY = Refusal(400, "MARKET_NOT_READY", "the market is not yet ready to process new orders")
POST_ONLY_TYPE = Refusal(
    400, "INVALID_POST_ONLY_ORDER_TYPE", "invalid post-only order: only GTC and GTD order types are allowed"
)
POST_ONLY_CROSSES = Refusal(400, "INVALID_POST_ONLY_ORDER", "invalid post-only order: order crosses book")
EXPIRATION = Refusal(400, "INVALID_ORDER_EXPIRATION", "invalid expiration")
FOK_NOT_FILLED = Refusal(
    400, "FOK_ORDER_NOT_FILLED_ERROR", "order couldn't be fully filled. FOK orders are fully filled or killed."
)
FAK_NOT_FILLED = Refusal(
    400,
    "FAK_ORDER_NOT_FILLED_ERROR",
    "no orders found to match with FAK order. FAK orders are partially filled or killed if no match is found.",
)


def closed(mode: Mode, until: int, order: Order, at: int) -> Refusal | None:
    """What a restarting matching engine, and one that has just come back, say to an order."""
    wait = -(-(until - at) // SECOND)
    if mode is Mode.RESTARTING:
        return Refusal(425, "service_not_ready", "service not ready", wait)
    if mode is Mode.POST_ONLY and not order.post_only:
        text = "post-only mode: only post-only orders and cancels are allowed"
        return Refusal(503, "post_only_mode", text, wait)
    return None


def malformed(order: Order, terms: Terms, at: int) -> Refusal | None:
    """What is wrong with an order whatever the book: market, type, expiration, price, size, amounts."""
    takes_only = order.order_type in (OrderType.FOK, OrderType.FAK)
    if not terms.accepting:
        return NOT_READY
    if order.post_only and takes_only:
        return POST_ONLY_TYPE
    if order.order_type is OrderType.GTD:
        if order.expires_at < at + SOONEST_EXPIRY_NS:
            return EXPIRATION
    elif order.expires_at:
        return EXPIRATION
    name = f"order paper-{order.order_key} is invalid."
    tick = terms.tick
    if not tick <= order.limit <= ONE - tick or floor_tick(order.limit, tick) != order.limit:
        text = f"Price ({format_micro(order.limit)}) breaks minimum tick size rule: {format_micro(tick)}"
        return Refusal(400, "INVALID_ORDER_MIN_TICK_SIZE", f"{name} {text}")
    if takes_only:
        return _amounts(order)
    if order.size < terms.min_size:
        text = f"Size ({format_micro(order.size)}) lower than the minimum: {format_micro(terms.min_size)}"
        return Refusal(400, "INVALID_ORDER_MIN_SIZE", f"{name} {text}")
    return None


def _amounts(order: Order) -> Refusal | None:
    """An order that only takes: what it gives has two decimals at most, what it gets four."""
    if order.side is Side.BUY:
        kind, gives, gets = "market buy", int(cost(order.size, order.limit)), int(order.size)
        exact = proceeds(order.size, order.limit) == gives
    else:
        kind, gives, gets = "sell", int(order.size), int(proceeds(order.size, order.limit))
        exact = cost(order.size, order.limit) == gets
    if exact and gives % TWO_DECIMALS == 0 and gets % FOUR_DECIMALS == 0:
        return None
    text = (
        f"invalid amounts, the {kind} orders maker amount supports a max accuracy of 2 decimals, "
        "taker amount a max of 4 decimals"
    )
    return Refusal(400, "INVALID_ORDER_ERROR", text)


def too_small_to_take(order: Order) -> Refusal | None:
    """A BUY that would take (or only takes) must be worth a dollar."""
    spent = cost(order.size, order.limit)
    if order.side is not Side.BUY or spent >= MIN_MARKETABLE_BUY:
        return None
    text = f"invalid amount for a marketable BUY order (${format_micro(spent)}), min size: $1"
    return Refusal(400, "INVALID_ORDER_MIN_SIZE", text)


def unmatched(order: Order, found: int) -> Refusal | None:
    """What an order that only takes is told when the book has (up to its limit) no more than ``found`` for it."""
    if order.order_type is OrderType.FOK and found < order.size:
        return FOK_NOT_FILLED
    return FAK_NOT_FILLED if order.order_type is OrderType.FAK and not found else None


def unpaid(shortfall: str) -> Refusal:
    """Not enough money or shares."""
    text = f"not enough balance / allowance: the balance is not enough -> {shortfall}"
    return Refusal(400, "INVALID_ORDER_NOT_ENOUGH_BALANCE", text)


def too_many(count: int) -> Refusal:
    """A batch that is too large."""
    return Refusal(400, "INVALID_ORDER_ERROR", f"Too many orders in payload: {count}, max allowed: {MOST_ORDERS}")
