"""How an intent is worked: phases that pay a little more each time, slices over time for large ones, further tries
after a refusal (specification, section 10). Pure: the order that has just ended in; the next leg, or none, out.

Everything a next leg depends on stands in the order itself, so nothing has to be remembered beside the journal.
"""

from msgspec import Struct

from shared.domain.money import (
    Fraction,
    Price,
    Shares,
    ceil_tick,
    doubled,
    fee_per_share,
    floor_size,
    floor_tick,
    near,
    part,
    shared_out,
    usd,
)
from shared.domain.order import Order, OrderState, OrderType, Side
from shared.domain.rejections import Verdict, retry_after_ns, verdict_on
from shared.engine.limits import Limits


class Leg(Struct, frozen=True, gc=False):
    """One order of an intent. ``later``: shares of further slices; ``wait_ns``: how long to wait before planning it."""

    limit: Price
    size: Shares
    phase: int = 1
    attempt: int = 1
    slice_no: int = 1
    slices: int = 1
    later: Shares = Shares(0)
    life_ns: int = 0
    wait_ns: int = 0


class Over(Struct, frozen=True, gc=False):
    """Nothing more is tried. ``dead``: what was left failed for good, which a person should know."""

    why: str
    dead: bool = False


def first_leg(limit: Price, size: Shares, stake: int, sliced: bool, limits: Limits, min_size: Shares) -> Leg:
    """The first leg of an intent of ``size`` shares that costs ``stake`` micro-dollars.

    A large one (``sliced`` says whether it may be) is worked in slices, none below the venue's smallest order.
    """
    if sliced and limits.twap_slices > 1 and limits.twap_above_usd and stake > limits.twap_above_usd:
        each = floor_size(shared_out(size, limits.twap_slices))
        if each >= min_size:
            later = Shares(size - each)
            return Leg(limit, each, slices=limits.twap_slices, later=later, life_ns=limits.twap_every_ns)
    return Leg(limit, size, life_ns=limits.phase_life_ns[0])


def next_leg(order: Order, limits: Limits, tick: Price, min_size: Shares, at: int) -> Leg | Over:
    """What follows an order that has ended, for what it left unfilled; the price is held to ``worst_price``."""
    if order.order_type is not OrderType.GTC:
        return Over("it was to trade at once or not at all")
    if order.state is OrderState.REJECTED:
        return _after_rejection(order, limits)
    left = order.remaining
    if order.slice_no < order.slices:
        return _next_slice(order, left, limits, at)
    if left == 0:
        return Over("filled")
    if order.phase >= len(limits.phase_step):
        return Over("the last phase has ended")
    phase = order.phase + 1
    cut = limits.phase_cut[phase - 1] if order.side is Side.BUY else Fraction(0)  # what must go is not given up
    size = floor_size(Shares(left - part(usd(left), cut)))
    if size < min_size:
        return Over("what is left is below the venue's smallest order")
    limit = _stepped(order, limits.phase_step[phase - 1], limits, tick)
    if limit is None:
        return Over("a worse price would cost the edge or slip too far")
    life = limits.phase_life_ns[phase - 1]
    return Leg(limit, size, phase, 1, order.slice_no, order.slices, Shares(0), life)


def _next_slice(order: Order, left: Shares, limits: Limits, at: int) -> Leg:
    """The next part of a sliced order takes over what this one could not get; the last one takes all."""
    number = order.slice_no + 1
    last = number == order.slices
    fresh = order.later if last else floor_size(shared_out(order.later, order.slices - order.slice_no))
    wait = max(order.planned_at + limits.twap_every_ns - at, 0)
    later = Shares(order.later - fresh)
    life = limits.phase_life_ns[0] if last else limits.twap_every_ns
    size = floor_size(Shares(left + fresh))
    return Leg(Price(order.target), size, 1, 1, number, order.slices, later, life, wait)


def _after_rejection(order: Order, limits: Limits) -> Leg | Over:
    verdict = verdict_on(order.note)
    if verdict is Verdict.DEAD:
        return Over(f"rejected: {order.note}", dead=True)
    if verdict is Verdict.UNFILLED:
        return Over(f"unfilled: {order.note}")
    if order.attempt > limits.retries:
        return Over(f"rejected {order.attempt} times: {order.note}", dead=True)
    backoff = doubled(limits.retry_first_ns, order.attempt - 1)
    wait = max(backoff, retry_after_ns(order.note))
    if wait > limits.order_life_ns and order.side is Side.BUY:
        return Over(f"the venue is away for longer than the trade would wait: {order.note}")
    return Leg(
        order.limit,
        order.size,
        order.phase,
        order.attempt + 1,
        order.slice_no,
        order.slices,
        order.later,
        order.life_ns,
        wait,
    )


def _stepped(order: Order, step: int, limits: Limits, tick: Price) -> Price | None:
    """The limit of a later phase: ``step`` worse than the target, as far as edge and slippage allow; None: no further.

    A purchase keeps its edge after the fee at that price; neither side slips more from the reference than a market
    order may, or one tick where that is finer than the grid.
    """
    worst = worst_price(order, limits, tick)
    if order.side is Side.BUY:
        limit = floor_tick(min(order.target + step, worst), tick)
        return limit if limit > order.limit and has_edge(order.p_win, limit, order.fee_rate) else None
    limit = ceil_tick(max(order.target - step, worst), tick)
    return limit if limit < order.limit else None


def worst_price(order: Order, limits: Limits, tick: Price) -> int:
    """The worst price that slippage allows an order: ``slippage_market`` from its reference, at least one tick."""
    reference = order.reference or order.target
    room = near(reference, limits.slippage_market, 1, tick)
    return reference + room if order.side is Side.BUY else max(reference - room, tick)


def has_edge(p_win: int, limit: Price, fee_rate: Fraction) -> bool:
    """Whether a purchase at the limit, fee paid, still costs less than it is believed to be worth (0: not believed)."""
    return p_win == 0 or p_win > limit + fee_per_share(limit, fee_rate)
