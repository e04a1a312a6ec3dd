"""Books to which anything may happen that moves money, and what must be true of them whatever did."""

from collections.abc import Callable, Iterator

from hypothesis import strategies as st

from shared.domain.ledger import (
    CASH,
    EXTERNAL,
    PROVISIONAL,
    PUSD,
    RESERVED,
    BookedFill,
    Fill,
    FillKey,
    Merging,
    Position,
    Record,
    SettlementStatus,
    shares_account,
)
from shared.domain.money import ONE, Fraction, Price, Shares, Usd, dollars, proceeds, taker_fee
from shared.domain.order import FINAL, Order, OrderCause, Purpose, Side
from shared.engine.ledger import (
    Projection,
    deposit_record,
    fill_record,
    move_record,
    plan_record,
    reserve_for,
    room_names,
    settle_record,
    shares_room,
)
from shared.engine.limits import Limits
from shared.engine.settling import (
    external_record,
    merge_records,
    merging_record,
    rebate_record,
    status_record,
)
from tests.shared.engine.builders import NOON, order

LIMITS = Limits(portfolio_usd=dollars(10**6), market_usd=dollars(10**6), strategy_usd=dollars(10**6))
TOKENS = ("m:yes", "m:no")
STATUS = SettlementStatus
TRADING = ("buy", "buy", "sell", "fill", "fill", "fill", "cancel", "mined", "confirmed", "failed", "status")
ANYTHING = (*TRADING, "merge", "merge", "settle", "rebate", "external")


def steps(kinds: tuple[str, ...], most: int = 40) -> st.SearchStrategy[list[tuple[str, int]]]:
    """What happens, and a number that decides everything else about it."""
    return st.lists(st.tuples(st.sampled_from(kinds), st.integers(0, 2**30)), max_size=most)


class World:
    """Two sleeves in one market's two tokens. Every fact goes in through ``take``, as records that are kept."""

    def __init__(self, listen: Callable[[Record], None] = lambda _: None, account: str = "test") -> None:
        self.account = account
        self.books = Projection()
        self.records: list[Record] = []
        self.facts: list[Order | Fill | tuple[FillKey, SettlementStatus] | str] = []
        self.at = NOON
        self._listen = listen
        self.take(deposit_record(account, dollars(100_000), NOON, "start"))

    def take(self, record: Record | None) -> Record | None:
        """A record enters the books."""
        if record is not None:
            self.books.apply(record)
            self.records.append(record)
            self._listen(record)
        return record

    # ------------------------------------------------------------------ facts

    def plan(self, planned: Order) -> Order:
        """An order that the books have room for."""
        self.facts.append(planned)
        self.take(plan_record(planned, LIMITS))
        return planned

    def buy(self, size: int, cents: int = 50, token: str = "m:yes", source: str = "whale") -> Order:
        """A planned BUY of whole shares."""
        at, many = Price(cents * 10_000), Shares(size * ONE)
        held = reserve_for(many, at, Fraction(50_000))
        return self.plan(self._order(token, source, limit=at, size=many, reserved=held))

    def sell(self, size: int, cents: int = 50, token: str = "m:yes", source: str = "whale") -> Order:
        """A planned SELL of whole shares."""
        exit_fields = {"side": Side.SELL, "purpose": Purpose.EXIT, "reserved": Usd(0)}
        limit, many = Price(cents * 10_000), Shares(size * ONE)
        return self.plan(self._order(token, source, limit=limit, size=many, **exit_fields))

    def _order(self, token: str, source: str, **fields: object) -> Order:
        n = len(self.books.orders)
        ids = {"order_key": f"{self.account}-{n}.1", "intent_id": f"{self.account}-{n}", "account": self.account}
        return order(**ids, token=token, source=source, planned_at=self.at, **fields)

    def fill(self, of: Order, size: int = 0, better: int = 0, settles: bool = True, rebate: int = 0) -> FillKey:
        """An execution of whole shares (0: all that is left), so many cents better than the limit."""
        now = self.books.orders[of.order_key]
        many = Shares(size * ONE) if size else now.remaining
        at = Price(now.limit + (-better if now.side is Side.BUY else better) * 10_000)
        fee = Usd(0) if rebate else taker_fee(many, at, now.fee_rate)
        trade = f"{self.account}-t{len(self.books.booked)}"
        return self.book(Fill(trade, now.order_key, at, many, fee, self.at, rebate=Usd(rebate), settles=settles))

    def book(self, fill: Fill) -> FillKey:
        """The execution is told."""
        self.facts.append(fill)
        now = self.books.orders[fill.order_key]
        position = self.books.positions.get(f"{now.token}#{now.sleeve}")
        self.take(fill_record(now, position, fill, self.at, LIMITS))
        return fill.trade_id, fill.order_key

    def status(self, key: FillKey, status: SettlementStatus) -> Record | None:
        """The venue says how far an execution has settled; what could not be booked is no fact."""
        record = self.take(status_record(self.books, key, status, self.at, LIMITS))
        if record is not None:
            self.facts.append((key, status))
        return record

    def cancel(self, key: str) -> None:
        """What is left of an order ends."""
        self.facts.append(key)
        self.take(move_record(self.books.orders[key], OrderCause.CANCELED, self.at, LIMITS))

    def merge(self, size: int, ref: str) -> list[Record]:
        """Pairs (in millionths) become dollars."""
        self.ask_merge(size, ref)
        made = merge_records(self.books, self.books.merging[ref], self.by_token(), self.at, LIMITS)
        for record in made:
            self.take(record)
        return made

    def ask_merge(self, size: int, ref: str) -> None:
        """Pairs (in millionths) are to become dollars."""
        self.take(merging_record(self.account, Merging("m", TOKENS, Shares(size), ref), self.at))

    def by_token(self) -> dict[str, list[Position]]:
        """Our positions by token, empty ones included."""
        held = self.books.positions.values()
        return {token: [position for position in held if position.token == token] for token in TOKENS}

    def settle(self, yes: int) -> None:
        """The market pays ``yes`` for its first token and the rest for its second."""
        for position in list(self.books.positions.values()):
            if position.size:
                payout = yes if position.token == TOKENS[0] else ONE - yes
                self.take(settle_record(position, payout, self.at, LIMITS))

    # ------------------------------------------------------------------ anything

    def step(self, n: int, what: str, dice: int) -> None:
        """Something of this kind happens, where it can."""
        self.at = NOON + n // 2  # two facts may be told at the same instant
        token, source = TOKENS[dice % 2], ("whale", "other")[dice // 2 % 2]
        size, cents = dice // 4 % 200 + 1, dice // 800 % 98 + 1
        live = [key for key, one in self.books.orders.items() if one.state not in FINAL]
        match what:
            case "buy":
                self.buy(size, cents, token, source)
            case "sell":
                held = self.books.positions.get(f"{token}#whale_copy/{source}")
                free = 0 if held is None else self.free(held) // ONE
                if free:
                    self.sell(min(size, free), cents, token, source)
            case "fill":
                self._fill_something(dice)
            case "cancel":
                if live:
                    self.cancel(live[dice % len(live)])
            case "merge":
                pairs = min(sum(map(self.free, leg)) for leg in self.by_token().values())
                if pairs:
                    self.merge(dice % pairs + 1, f"{self.account}-merge-{n}")
            case "settle":
                if not live:
                    self.settle(dice % (ONE + 1))
            case "rebate":
                self.take(rebate_record(self.account, Usd(dice), f"rebate-{n}", self.at))
            case "external":
                asset, amount = (PUSD, *TOKENS)[dice % 3], dice // 3 - 2**28
                self.take(external_record(self.account, asset, amount, f"{self.account}-foreign-{n}", self.at))
            case _:
                self._settle_something(what, dice)

    def _fill_something(self, dice: int) -> None:
        open_or_late = [one for one in self.books.orders.values() if one.remaining and self._may_fill(one)]
        if open_or_late:
            of = open_or_late[dice % len(open_or_late)]
            size = min(dice // 7 % 100 + 1, of.remaining // ONE)
            room = min(of.limit, ONE - of.limit) // 10_000 - 1
            self.fill(of, size, min(dice // 11 % 5, room), dice % 4 != 0, dice % 3)

    def free(self, held: Position) -> int:
        """Shares that are neither in open orders nor provisional."""
        return max(self.books.room.get(shares_room(held.token, held.sleeve), 0), 0)

    def _may_fill(self, one: Order) -> bool:
        """A SELL fills only where its shares are still there: all of them if it has ended."""
        held = self.books.positions.get(f"{one.token}#{one.sleeve}")
        if one.side is Side.BUY:
            return True
        if held is None:
            return False
        return self.free(held) >= one.remaining if one.state in FINAL else held.size >= one.remaining

    def _settle_something(self, what: str, dice: int) -> None:
        if self.books.booked:
            keys = list(self.books.booked)
            status = list(STATUS)[dice // 3 % 4] if what == "status" else SettlementStatus[what.upper()]
            self.status(keys[dice % len(keys)], status)

    # ------------------------------------------------------------------ comparing

    def outcome(self) -> tuple[object, ...]:
        """The books without what is only a name, a date or a nought."""
        books = self.books
        positions = {
            key: (held.size, held.cost, held.realized)
            for key, held in books.positions.items()
            if held.size or held.cost or held.realized
        }
        sums = (books.balances, books.used, books.fees_of, books.rebates_due)
        return (*({k: v for k, v in found.items() if v} for found in sums), positions, books.realized, books.fees)

    def end_all(self) -> "World":
        """Every open order is cancelled."""
        for one in list(self.books.orders.values()):
            if one.state not in FINAL:
                self.cancel(one.order_key)
        return self


def retold(world: World, leave_out: list[FillKey]) -> World:
    """The same plans, fills, statuses and cancels told to other books, but for these fills; then all orders end."""
    other = World()
    for fact in world.facts:
        match fact:
            case Order():
                other.plan(fact)
            case Fill():
                if (fact.trade_id, fact.order_key) not in leave_out:
                    other.book(fact)
            case str():
                other.cancel(fact)
            case (key, status):
                other.status(key, status)
    return other.end_all()


def rebuilt(world: World) -> Projection:
    """Books made of the records alone."""
    found = Projection()
    for record in world.records:
        found.apply(record)
    return found


def faults(world: World) -> Iterator[str]:
    """What is wrong with the books, in sentences."""
    books = world.books
    if books.imbalance():
        yield f"entries sum to {books.imbalance()}"
    if books.room.get(CASH, 0) != books.balance(CASH):
        yield f"room for cash is {books.room.get(CASH, 0)}, cash {books.balance(CASH)}"
    if books.balance(RESERVED) != sum(one.reserved for one in books.orders.values()):
        yield f"reserved is {books.balance(RESERVED)}"
    yield from _wrong_exposure(books)
    yield from _wrong_shares(books)
    owned = sum(books.balance(account) for account in (CASH, RESERVED, PROVISIONAL))
    gone = sum(books.balance(account) for account in ("deposits", "rebates", EXTERNAL))
    earned = sum(held.realized - held.cost for held in books.positions.values())
    if owned + gone != earned:
        yield f"money came from nowhere: {owned + gone} against {earned}"
    if books.realized != sum(held.realized for held in books.positions.values()):
        yield f"realized is {books.realized}"
    standing = [booked.fill for booked in books.booked.values() if booked.status is not STATUS.FAILED]
    if books.fees != sum(fill.fee for fill in standing) or books.fees != books.balance("fees"):
        yield f"fees are {books.fees}"
    if books.fees != sum(books.fees_of.values()) or sum(books.rebates_due.values()) != sum(f.rebate for f in standing):
        yield f"fees are {books.fees_of}, rebates {books.rebates_due}"
    if (books.fills, books.failed) != (len(books.booked), len(books.booked) - len(standing)):
        yield f"{books.fills} fills, {books.failed} failed"
    yield from _wrong_memory(books)


def _wrong_exposure(books: Projection) -> Iterator[str]:
    expected: dict[str, int] = {}
    amounts: list[tuple[Order | Position, int]] = [(one, one.reserved) for one in books.orders.values()]
    amounts += [(held, held.cost) for held in books.positions.values()]
    for one, amount in amounts:
        for name in room_names(one):
            expected[name] = expected.get(name, 0) + amount
    for name, amount in books.used.items():
        if name != CASH and not name.startswith("shares#") and amount != expected[name]:
            yield f"{name} uses {amount}, not {expected[name]}"


def _wrong_shares(books: Projection) -> Iterator[str]:
    selling: dict[str, int] = {}
    for one in books.orders.values():
        if one.side is Side.SELL and one.state not in FINAL:
            name = f"{one.token}#{one.sleeve}"
            selling[name] = selling.get(name, 0) + one.remaining
    bought, in_tokens, in_cash = provisional(books)
    for held in books.positions.values():
        free = held.size - selling.get(held.key, 0) - bought.get(held.key, 0)
        if books.room.get(shares_room(held.token, held.sleeve), 0) != free:
            yield f"{held.key}: {books.room.get(shares_room(held.token, held.sleeve), 0)} can be sold, not {free}"
        if books.balance(shares_account(held.sleeve), held.token) != held.size - bought.get(held.key, 0):
            yield f"{held.key}: {books.balance(shares_account(held.sleeve), held.token)} in its account"
        if min(held.size, held.cost) < 0 or (held.size == 0 and held.cost != 0):
            yield f"{held.key}: size {held.size}, cost {held.cost}"
    if books.balance(PROVISIONAL) != in_cash:
        yield f"provisional dollars are {books.balance(PROVISIONAL)}, not {in_cash}"
    for token in TOKENS:
        if books.balance(PROVISIONAL, token) != in_tokens.get(token, 0):
            yield f"provisional {token} are {books.balance(PROVISIONAL, token)}"


def provisional(books: Projection) -> tuple[dict[str, int], dict[str, int], int]:
    """Shares bought and not mined, by position and by token; dollars of sales that are not mined."""
    bought: dict[str, int] = {}
    in_tokens: dict[str, int] = {}
    in_cash = 0
    for (_, key), booked in books.booked.items():
        one, fill = books.orders[key], booked.fill
        if booked.status is not STATUS.MATCHED:
            continue
        if one.side is Side.SELL:
            in_cash += proceeds(fill.size, Price(fill.price)) - fill.fee
            continue
        name = f"{one.token}#{one.sleeve}"
        bought[name] = bought.get(name, 0) + fill.size
        in_tokens[one.token] = in_tokens.get(one.token, 0) + fill.size
    return bought, in_tokens, in_cash


def _wrong_memory(books: Projection) -> Iterator[str]:
    waiting = [key for key, booked in books.booked.items() if may_fail(booked)]
    told = [key for found in books.unsettled.values() for key in found]
    if sorted(waiting) != sorted(told) or not all(books.unsettled.values()):
        yield f"unsettled are {told}, not {waiting}"
    markets = {books.orders[key].market for _, key in waiting}
    if any(books.has_unsettled(market) != (market in markets) for market in ("m", "other")):
        yield f"markets with unsettled executions are {markets}"
    positions = {f"{books.orders[key].token}#{books.orders[key].sleeve}" for _, key in waiting}
    if positions != set(books.histories):
        yield f"histories of {list(books.histories)}, needed of {positions}"


def may_fail(booked: BookedFill) -> bool:
    return booked.status in (STATUS.MATCHED, STATUS.MINED)
