"""What must be true of every order right after it was planned: the switch, the breakers, the rates, every cap, and its
place in its intent. Recomputed from the shadow; each check yields a sentence about what is not.
"""

from collections.abc import Iterator

from shared.domain.market import Market
from shared.domain.money import ONE, ceil_tick, floor_tick, near
from shared.domain.order import FINAL, Order, OrderState, OrderType, Side
from shared.domain.rejections import Verdict, verdict_on
from shared.domain.tables import Figures
from shared.engine.limits import Limits
from tests.prove.shadow import Shadow, fraction_of, held_to_resolution
from tests.prove.watchman import Watchman

MARGIN = 1_000
"""What a reserve adds for the rounding of fees, in micro-dollars."""
FEW_BETS = 3


def planned(order: Order, watch: Watchman, markets: dict[str, Market], new: bool) -> Iterator[str]:
    """Every check of an order; ``new``: it claims a position that was neither held nor being bought."""
    at = order.planned_at
    if order.side is Side.BUY:
        yield from (f"entry {order.order_key} although {why}" for why in watch.standing(order.source, at))
        yield from caps(order, watch.shadow, watch.limits)
        if new:  # late fills may have opened more than are allowed; no purchase does
            yield from company(order, watch.shadow, watch.limits, markets, watch.figures)
    elif not watch.trading and order.rule != "emergency_exit":
        yield f"sale {order.order_key} although the switch is off"
    yield from watch.rates(order)
    if order.side is Side.SELL:
        yield from sellable(order, watch.shadow)
    yield from place(order, watch.shadow, watch.limits, markets[order.market])


def caps(order: Order, shadow: Shadow, limits: Limits) -> Iterator[str]:
    """No cap in dollars or in percent of the equity is exceeded, the order's own reserve included."""
    used, equity, market = shadow.used(), shadow.equity(), f"market {order.market}"
    source = f"source {order.source}"
    most = (
        ("portfolio", min(limits.portfolio_usd, fraction_of(equity, limits.exposure_of_equity))),
        (order.strategy, limits.strategy_usd),
        (market, min(limits.market_usd, fraction_of(equity, limits.market_of_equity))),
        (source, min(limits.source_usd, fraction_of(equity, limits.source_of_equity))),
        (order.token, fraction_of(equity, limits.position_of_equity)),
    )
    for name, limit in most:
        if used[name] > limit:
            yield f"after {order.order_key} {name} uses {used[name]} of {limit} at an equity of {equity}"
    if order.reserved > limits.trade_max_usd + MARGIN:
        yield f"order {order.order_key} reserves {order.reserved} of {limits.trade_max_usd}"


def company(
    order: Order, shadow: Shadow, limits: Limits, markets: dict[str, Market], figures: Figures
) -> Iterator[str]:
    """A new position is none too many, no further one of its topic, nor one more of bets that are too alike."""
    market, positions = markets[order.market], len(shadow.claimed())
    if positions > limits.positions_max:
        yield f"after {order.order_key} there are {positions} positions, {limits.positions_max} allowed"
    together = figures.correlated.get(market.subject, 0)
    if limits.topic_counts_all:
        others = dict.fromkeys(name for name in shadow.claimed().values() if name != order.market)
        together = max(together, sum(markets[name].subject == market.subject for name in others))
    if together >= limits.topic_positions_max:
        yield f"{order.order_key} is one more beside {together} positions of {market.subject}"
    if figures.bets >= FEW_BETS and figures.diversification < limits.diversification_min:
        yield f"{order.order_key} opens a position at a diversification of {figures.diversification}"
    if limits.loss_per_trade_usd and held_to_resolution(market, limits.stop_loss, limits.exits_updown):
        used = shadow.used()[order.token]
        if used > limits.loss_per_trade_usd:
            yield f"{order.token} can lose {used} of {limits.loss_per_trade_usd}"


def sellable(order: Order, shadow: Shadow) -> Iterator[str]:
    """Only shares that are settled and in no other open sale are offered."""
    key = f"{order.token}#{order.sleeve}"
    free = shadow.free.get(key, 0) - shadow.selling(key)
    if free < 0:
        yield f"sale {order.order_key} offers {-free} more of {key} than is settled and free"


# ---------------------------------------------------------------------- its place in its intent


def place(order: Order, shadow: Shadow, limits: Limits, market: Market) -> Iterator[str]:
    """Legs are numbered, one at a time, and each asks for what the one before it left, in the way it ended."""
    keys = shadow.intents[order.intent_id]
    before = shadow.orders[keys[-2]] if len(keys) > 1 else None
    if before is None:
        if order.attempt != 1 or order.slice_no != 1:
            yield f"{order.order_key} begins with attempt {order.attempt}, slice {order.slice_no}"
        return
    if before.state not in FINAL:
        yield f"{order.order_key} is planned while {before.order_key} is {before.state.value}"
    if order.leg <= before.leg:
        yield f"leg {order.leg} follows leg {before.leg}"
    if order.rule:
        followed = order.intent_id not in shadow.unfollowed
        if followed and 1 < order.phase <= before.phase:  # 1: the rule begins anew, with new shares
            yield f"step {order.phase} of an exit follows step {before.phase}"
    elif (order.phase, order.attempt, order.slice_no) != (1, 1, 1):
        yield from follows(order, before, limits, market)


def follows(order: Order, before: Order, limits: Limits, market: Market) -> Iterator[str]:
    """A further try, slice or phase of the order before."""
    where = f"{order.order_key} (phase {order.phase}, try {order.attempt}, slice {order.slice_no})"
    stays = (order.phase, order.slice_no) == (before.phase, before.slice_no)
    if before.order_type is not OrderType.GTC:
        yield f"{where} follows an order that was to trade at once or not at all"
    if order.size + order.later > before.remaining + before.later:
        yield f"{where} asks for {order.size} and {order.later} later, {before.remaining + before.later} were left"
    if order.attempt > limits.retries + 1 or order.phase > len(limits.phase_step) or order.slice_no > order.slices:
        yield f"{where} is one too many"
    if before.state is OrderState.REJECTED:
        if not stays or order.attempt != before.attempt + 1 or verdict_on(before.note) is not Verdict.RETRY:
            yield f"{where} follows a rejection of try {before.attempt}: {before.note}"
    elif order.slice_no == before.slice_no + 1:
        if (order.phase, order.attempt, order.slices) != (1, 1, before.slices):
            yield f"{where} begins a slice"
    elif stays or order.phase != before.phase + 1 or order.attempt != 1 or before.slice_no < before.slices:
        yield f"{where} follows phase {before.phase}, slice {before.slice_no} of {before.slices}"
    else:
        yield from priced(order, before, limits, market, where)


def priced(order: Order, before: Order, limits: Limits, market: Market, where: str) -> Iterator[str]:
    """A later phase pays more, at most its step beyond the target, and never slips further than a market order may."""
    step, tick = limits.phase_step[order.phase - 1], market.tick
    reference = order.reference or order.target
    room = near(reference, limits.slippage_market, 1, tick)
    if order.side is Side.BUY:
        worst = floor_tick(min(order.target + step, reference + room), tick)
        fine = before.limit < order.limit <= worst
        fee = -(-order.limit * (ONE - order.limit) * order.fee_rate // (ONE * ONE))
        if order.p_win and order.p_win <= order.limit + fee:
            yield f"{where} pays {order.limit + fee} for what is worth {order.p_win}"
        left = before.remaining * (ONE - limits.phase_cut[order.phase - 1]) // ONE
        if order.size > left:
            yield f"{where} asks for {order.size}, its phase allows {left}"
    else:
        worst = ceil_tick(max(order.target - step, reference - room, tick), tick)
        fine = worst <= order.limit < before.limit
    if not fine:
        yield f"{where} is limited at {order.limit} after {before.limit}, with {worst} as its worst price"


def overfilled(shadow: Shadow, late: dict[str, None]) -> Iterator[str]:
    """No intent has got more than its first orders asked for (an order that the venue filled late aside)."""
    for keys in shadow.intents.values():
        orders = [shadow.orders[key] for key in keys]
        if not orders or orders[0].rule or any(key in late for key in keys):
            continue
        asked = sum(o.size + o.later for o in orders if (o.phase, o.attempt, o.slice_no) == (1, 1, 1))
        got = sum(order.filled for order in orders)
        if got > asked:
            yield f"intent {orders[0].intent_id} got {got}, {asked} were asked for"
