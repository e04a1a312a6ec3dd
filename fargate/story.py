"""An explanation of decisions for people and for machines: what was decided and why, the orders, the result."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, to_builtins

from shared.domain.decision import Decision
from shared.domain.instants import iso, rough_span
from shared.domain.ledger import Position
from shared.domain.market import Market
from shared.domain.money import Fraction, Price, fee_per_share, format_fixed, value
from shared.domain.order import Order
from shared.domain.reasons import Kind, Reading, label, label_of, read_numbers, sentence, shown
from shared.domain.slippage import BASIS_POINT, average_of, slippage_of

DECISIONS_TOLD = 12
"""Of a longer burst the first ones are told in full, the others are counted."""


class Explanation(Struct, frozen=True):
    """What the tables say: the decisions meant and the exits after them (oldest first), the orders by signal id, the
    positions they led to, the markets, and last prices by token.
    """

    decisions: list[Decision]
    exits: list[Decision]
    orders: dict[str, list[Order]]
    positions: list[Position]
    markets: dict[str, Market]
    marks: dict[str, int]

    def fee_rate(self, decision: Decision) -> Fraction | None:
        """The taker fee rate that the decision reckoned with; None where it is not known any more."""
        made = self.orders.get(decision.signal_id)
        if made:
            return made[0].fee_rate
        market = self.markets.get(decision.market)
        return None if market is None else market.fee_rate

    def fee(self, decision: Decision) -> int | None:
        """The fee per share at our limit, in micro-dollars; None where it is unknown or there was no limit."""
        rate = self.fee_rate(decision)
        if rate is None or not decision.limit:
            return None
        return fee_per_share(Price(decision.limit), rate)

    def mark(self, position: Position) -> int | None:
        """The last price of what is still held."""
        return self.marks.get(position.token) if position.size else None


# ---------------------------------------------------------------------- for machines


def told(found: Explanation) -> dict[str, Any]:
    """Plain data: the integers of the engine, and each reason and number in words beside them."""
    return {
        "decisions": [_decision(found, one) for one in found.decisions],
        "exits": [_decision(found, one) for one in found.exits],
        "positions": [_position(found, one) for one in found.positions],
        "markets": {
            name: {"question": one.question or one.slug, "outcomes": dict(zip(one.tokens, one.outcomes, strict=False))}
            for name, one in found.markets.items()
        },
    }


def _decision(found: Explanation, one: Decision) -> dict[str, Any]:
    plain: dict[str, Any] = to_builtins(one)
    return {
        **plain,
        "label": label(one.reason),
        "sentence": sentence(one.reason),
        "numbers": [_number(reading) for reading in read_numbers(one.numbers)],
        "fee_per_share": found.fee(one),
        "orders": [_order(order) for order in found.orders.get(one.signal_id, [])],
    }


def _number(reading: Reading) -> dict[str, Any]:
    return {
        "name": reading.name,
        "unit": reading.kind.value,
        "value": reading.value,
        "limits": {bound.name: bound.value for bound in reading.limits},
        "text": reading.text,
    }


def _order(order: Order) -> dict[str, Any]:
    names = ("order_key", "leg", "side", "state", "order_type", "limit", "size", "filled", "cost", "fees", "planned_at")
    worked = ("phase", "attempt", "slice_no", "slices", "target", "reference", "rule", "dead", "note")
    plain: dict[str, Any] = to_builtins(order)
    return {
        **{name: plain[name] for name in (*names, *worked)},
        "average": average_of(order),
        "slippage": slippage_of(order),
    }


def _position(found: Explanation, position: Position) -> dict[str, Any]:
    mark = found.mark(position)
    return {
        "key": position.key,
        "size": position.size,
        "cost": position.cost,
        "realized": position.realized,
        "mark": mark,
        "unrealized": None if mark is None else value(position.size, mark) - position.cost,
        "opened_at": position.opened_at,
        "changed_at": position.changed_at,
    }


# ---------------------------------------------------------------------- for people


def page_of(found: Explanation) -> list[str]:
    """Lines to read."""
    lines: list[str] = []
    told_signals: dict[str, None] = {}
    for one in found.decisions[:DECISIONS_TOLD]:
        lines += [*_trade(found, one), *_why(found, one)]
        if one.signal_id not in told_signals:
            told_signals[one.signal_id] = None
            lines += _orders(found.orders.get(one.signal_id, []))
        lines.append("")
    rest = found.decisions[DECISIONS_TOLD:]
    if rest:
        lines += [f"and {len(rest):,} more: {_counted(rest)}", ""]
    lines += _exits(found)
    lines += _results(found)
    return lines


def _counted(decisions: Iterable[Decision]) -> str:
    counts: dict[str, int] = {}
    for one in decisions:
        counts[label(one.reason)] = counts.get(label(one.reason), 0) + 1
    return ", ".join(f"{name} {n:,}" for name, n in counts.items())


def _trade(found: Explanation, one: Decision) -> list[str]:
    """What the whale did, or what our rule looked at."""
    who = f"whale {one.wallet}" if one.tx else f"our copy of {one.wallet}"
    did = f"{one.side.value} {_shares(one.size)} shares of {_outcome(found.markets, one)} at {_price(one.price)}"
    lines = [f"{_when(one.venue_at)}  {who}", f"  {did}", f"  {_question(found.markets, one)}"]
    if one.tx:
        heard = rough_span(one.at - one.venue_at)
        lines += [f"  transaction {one.tx}", f"  heard {heard} later; signal {one.signal_id}"]
    return lines


def _why(found: Explanation, one: Decision) -> list[str]:
    """The reason, the numbers that led to it, belief against price, and the size."""
    lines = [f"  {label(one.reason).upper()}: {sentence(one.reason)}"]
    lines += [f"    {reading.text}" for reading in read_numbers(one.numbers)]
    if one.not_applicable:
        names = ", ".join(label_of(name).removesuffix(" unknown").lower() for name in one.not_applicable)
        lines.append(f"    not checked, for want of data: {names}")
    if one.confidence and one.tx:
        lines.append(f"    confidence of the signal {shown(Kind.SHARE, one.confidence)}")
    lines += _belief(found, one)
    if one.stake:
        lines.append(f"    stake {shown(Kind.MONEY, one.stake)}")
    return lines


def _belief(found: Explanation, one: Decision) -> list[str]:
    if not one.p_win:
        return []
    text = f"    chance to win {shown(Kind.SHARE, one.p_win)}"
    fee = found.fee(one)
    if fee is None:
        return [text]
    edge = one.p_win - one.limit - fee
    paid = f"limit {_price(one.limit)} and a fee of {_price(fee)} a share"
    return [f"{text} against {paid}: edge {shown(Kind.SHARE, edge)}"]


def _orders(orders: list[Order]) -> list[str]:
    if not orders:
        return []
    return ["  orders", *(line for order in orders for line in _order_lines(order))]


def _order_lines(order: Order) -> list[str]:
    """One order: how far execution had to go for it, what it got, and at which price against the reference."""
    worked = f"{'step' if order.rule else 'phase'} {order.phase}, attempt {order.attempt}"
    if order.slices > 1:
        worked += f", slice {order.slice_no} of {order.slices}"
    first = (
        f"    {_when(order.planned_at)}  {order.order_key}: {order.state.value}, {order.side.value} "
        f"{_shares(order.size)} at {_price(order.limit)} or better ({order.order_type.value}; {worked})"
    )
    lines = [first]
    average = average_of(order)
    if average is not None:
        got = f"filled {_shares(order.filled)} at {_price(average)} on average, fees {shown(Kind.MONEY, order.fees)}"
        slipped = slippage_of(order)
        if slipped is not None:
            worse = f"{format_fixed(slipped, 1, BASIS_POINT)} basis points"
            got += f", slippage {worse} against the {_price(order.reference)} shown when it was decided"
        lines.append(f"      {got}")
    if order.note:
        lines.append(f"      note: {order.note}")
    if order.dead:
        lines.append("      failed for good; a person should look at it")
    return lines


def _exits(found: Explanation) -> list[str]:
    lines: list[str] = []
    for one in found.exits:
        why = f"{label(one.reason)}, by a rule of ours" if not one.tx else "the whale sold, and so did we"
        lines.append(f"exit {_when(one.at)}: {why}, at {_price(one.price)}")
        lines += [f"    {reading.text}" for reading in read_numbers(one.numbers)]
        lines += _orders(found.orders.get(one.signal_id, []))
    return [*lines, ""] if lines else []


def _results(found: Explanation) -> list[str]:
    """What the position has earned so far, over all signals of the whale on this token."""
    if not found.positions:
        return ["result: nothing was bought, so nothing was earned or lost"]
    lines = []
    for position in found.positions:
        text = (
            f"result so far of copying {position.source} on this token: {shown(Kind.MONEY, position.realized)} realised"
        )
        if position.size:
            text += f"; {_shares(position.size)} shares held that cost {shown(Kind.MONEY, position.cost)}"
            mark = found.mark(position)
            if mark is not None:
                worth = value(position.size, mark) - position.cost
                text += f", {shown(Kind.MONEY, worth)} unrealised at {_price(mark)}"
        lines.append(text)
    return lines


def _when(at: int) -> str:
    return f"{iso(at)[:19].replace('T', ' ')} UTC"


def _price(micro: int) -> str:
    return shown(Kind.PRICE, micro)


def _shares(micro: int) -> str:
    return shown(Kind.COUNT, micro)


def _question(markets: Mapping[str, Market], one: Decision) -> str:
    known = markets.get(one.market)
    return f"market {one.market}" + (f": {known.question or known.slug}" if known is not None else "")


def _outcome(markets: Mapping[str, Market], one: Decision) -> str:
    """The outcome's name where it is known, else the token."""
    known = markets.get(one.market)
    names = {} if known is None else dict(zip(known.tokens, known.outcomes, strict=False))
    return names.get(one.token, one.token)
