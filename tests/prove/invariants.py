"""What must be true of an engine after every event; each check yields a sentence about what is not."""

from collections.abc import Hashable, Iterator
from typing import TypeVar

from shared.adapters.memory.store import MemoryStore
from shared.domain.ledger import CASH, PROVISIONAL, RESERVED, SettlementStatus
from shared.domain.money import ONE, Price, Shares, Usd, cost, part, value
from shared.domain.order import FINAL, Order, OrderState, Side
from shared.engine.engine import Engine
from shared.engine.execution import begins
from shared.engine.ledger import Projection, shares_room
from shared.strategies.whale_copy import Params

Key = TypeVar("Key", bound=Hashable)


def money(engine: Engine, trusting: bool) -> Iterator[str]:
    """Zero-sum, no debt, rooms equal to what is used. ``trusting`` False: the venue filled what it had ended before."""
    books = engine.desk.books
    if books.imbalance():
        yield f"entries sum to {books.imbalance()}, not 0"
    cash, reserved = books.balance(CASH), books.balance(RESERVED)
    if reserved < 0 or (trusting and cash < 0):
        yield f"negative money: cash {cash}, reserved {reserved}"
    if books.room.get(CASH, 0) != cash:
        yield f"room for cash is {books.room.get(CASH, 0)}, the balance {cash}"
    used: dict[str, int] = {}
    held = 0
    for order in books.orders.values():
        held += order.reserved
        if order.reserved:
            add(used, order.market, order.source, order.strategy, order.reserved)
    if held != reserved:
        yield f"orders hold {held}, reserved is {reserved}"
    for position in books.positions.values():
        if position.size < 0 or position.cost < 0:
            yield f"position {position.key} has size {position.size} and cost {position.cost}"
        add(used, position.market, position.source, position.strategy, position.cost)
    for name, amount in books.used.items():
        if name != CASH and not name.startswith("shares#") and amount != used.get(name, 0):
            yield f"{name} uses {amount}, orders and positions say {used.get(name, 0)}"


def add(used: dict[str, int], market: str, source: str, strategy: str, amount: int) -> None:
    """Counts an amount into the four exposures."""
    for name in ("portfolio", f"market#{market}", f"source#{source}", f"strategy#{strategy}"):
        used[name] = used.get(name, 0) + amount


def indexes(engine: Engine) -> Iterator[str]:
    """Marks, open orders, intents and free shares agree with the books they are derived from."""
    desk = engine.desk
    books, marks = desk.books, desk.marks
    worth = sum(value(entry[0], entry[1]) for entry in marks.held.values())
    if marks.total != worth:
        yield f"marks are worth {worth}, their total says {marks.total}"
    sizes: dict[str, int] = {}
    for position in books.positions.values():
        if position.size:
            sizes[position.token] = sizes.get(position.token, 0) + position.size
    if {token: entry[0] for token, entry in marks.held.items()} != sizes:
        yield f"marks hold {marks.held}, positions {sizes}"
    open_keys = {order.order_key for order in books.orders.values() if order.state not in FINAL}
    if {order.order_key for order in desk.execution.open_orders()} != open_keys:
        yield "the index of open orders is not the open orders"
    intents = [books.orders[key].intent_id for key in open_keys]
    if len(set(intents)) != len(intents):
        yield "an intent has two open orders"
    selling: dict[str, int] = {}
    for key in open_keys:
        order = books.orders[key]
        if order.side is Side.SELL:
            room = shares_room(order.token, order.sleeve)
            selling[room] = selling.get(room, 0) + order.remaining
    coming: dict[str, int] = {}
    for booked in books.booked.values():
        order = books.orders[booked.fill.order_key]
        if booked.status is SettlementStatus.MATCHED and order.side is Side.BUY:
            room = shares_room(order.token, order.sleeve)
            coming[room] = coming.get(room, 0) + booked.fill.size
    for position in books.positions.values():
        room = shares_room(position.token, position.sleeve)
        free = position.size - selling.get(room, 0) - coming.get(room, 0)
        if books.room.get(room, 0) != free:
            yield f"{room} is {books.room.get(room, 0)}, not {free} of {position.size}"
    for order in books.orders.values():
        if (order.filled == order.size) != (order.state is OrderState.FILLED):
            yield f"order {order.order_key} is {order.state.value} with {order.filled} of {order.size}"
        if order.state is OrderState.LIVE and order.filled:
            yield f"order {order.order_key} is LIVE although it has fills"


def copied_once(engine: Engine, order: Order, params: Params, rows: list[tuple[int, int]], grown: int) -> Iterator[str]:
    """A wallet's buys of a token, (when, notional) each once, allow an intent per burst, or a part of their sum, times
    what size may have ``grown`` to (millionths).

    Later phases, slices and tries of an intent ask for what its first order did not get.
    """
    orders = [
        o
        for o in engine.desk.books.orders.values()
        if (o.source, o.token, o.side) == (order.source, order.token, Side.BUY)
        and begins(o)
        and not o.note.startswith("refused")
    ]
    if params.sizing == "kelly":
        copied, most = len(orders), bursts([at for at, _ in rows], engine.detection.params.burst_ns)
    else:
        copied = sum(cost(Shares(o.size + o.later), Price(o.target)) for o in orders)
        most = part(Usd(sum(notional for _, notional in rows)), params.ratio) * grown // ONE
    if copied > most:
        yield f"{order.source} in {order.token}: {params.sizing} copied {copied}, the trades allow {most}"


def bursts(times: list[int], length: int) -> int:
    """How many bursts there can be at most: instants more than a burst apart."""
    count, opened = 0, None
    for at in sorted(times):
        if opened is None or at - opened > length:
            count, opened = count + 1, at
    return count


def same_books(belief: Projection, stored: Projection, what: str) -> Iterator[str]:
    """Two projections agree on money, positions and exposure; refused plans are known to belief alone."""
    for name in ("positions", "realized", "fees", "fills", "booked", "unsettled", "redemptions"):
        if getattr(belief, name) != getattr(stored, name):
            yield f"{what}: {name} are {getattr(stored, name)}, believed {getattr(belief, name)}"
    if not_zero(belief.balances) != not_zero(stored.balances):
        yield f"{what}: balances are {stored.balances}, believed {belief.balances}"
    if not_zero(belief.used) != not_zero(stored.used):
        yield f"{what}: exposure is {stored.used}, believed {belief.used}"
    for key, order in belief.orders.items():
        if stored.orders.get(key) != order and not order.note.startswith("refused"):
            yield f"{what}: order {key} is {stored.orders.get(key)}, believed {order}"


def not_zero(amounts: dict[Key, int]) -> dict[Key, int]:
    """What is there; a refused plan leaves zeros behind in belief alone."""
    return {key: amount for key, amount in amounts.items() if amount}


def rebuild(store: MemoryStore) -> Iterator[str]:
    """The journal alone gives what the store holds."""
    again = Projection()
    for record in store.journal("test"):
        again.apply(record)
    yield from same_books(store.books, again, "rebuild")
    if again.room != store.books.room:
        yield "rebuild: rooms differ"


def ended(engine: Engine) -> Iterator[str]:
    """Once faults stop, every order is final, no cash is held, every execution has settled."""
    for order in engine.desk.books.orders.values():
        if order.state not in FINAL:
            yield f"order {order.order_key} is still {order.state.value}"
    if engine.desk.books.balance(RESERVED):
        yield f"{engine.desk.books.balance(RESERVED)} is still reserved"
    if engine.desk.books.unsettled:
        yield f"executions in {list(engine.desk.books.unsettled)} may still fail"
    for (account, asset), amount in engine.desk.books.balances.items():
        if account == PROVISIONAL and amount:
            yield f"{amount} of {asset} is still provisional"
