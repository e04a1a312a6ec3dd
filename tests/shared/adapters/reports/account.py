"""An account of the embedded AWS, written as the trader writes it."""

from typing import Any

from msgspec.structs import replace

from shared.adapters.dynamo.codec import body_of
from shared.adapters.dynamo.readers import Readers
from shared.adapters.dynamo.views import Views
from shared.domain.instants import DAY, SECOND, iso_day
from shared.domain.ledger import Fill, Position, Record, RecordKind
from shared.domain.market import Market, MarketKind
from shared.domain.money import Fraction, Price, Shares, Usd
from shared.domain.order import Order, OrderState, Purpose, Side
from shared.engine.ledger import deposit_record
from tests.contracts.embedded import Embedded

DAY_NUMBER = 20_783
START = DAY_NUMBER * DAY
END = START + DAY
CENT = 10_000
CAPITAL = Usd(1_000_000_000)


class Account:
    def __init__(self, embedded: Embedded) -> None:
        self.name = embedded.account()
        self.tables = embedded.tables
        self.readers = Readers("test-", embedded.server.endpoint)
        self.views = Views(self.name, embedded.tables)
        self._seq = 0

    def record(self, record: Record) -> None:
        self._seq += 1
        key = f"0000000001.w.{self._seq:010d}"
        self.tables.journal(self.name, key, day=iso_day(record.at), body=body_of(record)).save()

    def order(self, key: str, at: int, **fields: Any) -> Order:
        """A planned order, in the journal."""
        made = Order(
            key, f"i{key}", 1, self.name, "copy", "0xa", "m", "t", Side.BUY, Purpose.ENTRY, Price(50 * CENT),
            Shares(10_000_000), Fraction(0), f"s{key}", at, "tx", at, 1, reference=50 * CENT,
        )  # fmt: skip
        made = replace(made, **fields)
        self.record(Record(RecordKind.PLANNED, self.name, at, order=made))
        return made

    def fill(self, order: Order, at: int, price: int = 50 * CENT) -> None:
        paid = Usd(order.size * price // 1_000_000)
        after = replace(order, state=OrderState.FILLED, filled=order.size, cost=paid)
        fill = Fill(f"f{order.order_key}", order.order_key, price, order.size, Usd(10_000), at)
        self.record(Record(RecordKind.FILLED, self.name, at, order=after, fill=fill))

    def deposit(self, amount: Usd, at: int) -> None:
        self.record(deposit_record(self.name, amount, at, f"key{at}"))

    def position(self, market: str, realized: int, at: int, *, size: int = 0, cost: int = 0) -> Position:
        made = Position(
            self.name, f"t{market}", "copy/0xa", market, "copy", "0xa", Shares(size), Usd(cost), Usd(realized), at - 1,
            at,
        )  # fmt: skip
        self.tables.positions(account=self.name, slot=made.key, body=body_of(made)).save()
        return made

    def settle(self, market: str, realized: int, at: int) -> None:
        """A market is settled, and with it a position."""
        ended = self.position(market, realized, at)
        self.record(Record(RecordKind.SETTLED, self.name, at, position=ended))

    def market(self, name: str, question: str) -> None:
        self.views.put_market(Market(name, MarketKind.EVENT, question=question))

    def beats(self, start: int, end: int, equity: int = CAPITAL, **more: Any) -> None:
        """A point of the curves each minute and a half: just often enough to be there all the time."""
        items = [
            self.tables.metrics(
                account_day=f"{self.name}#{iso_day(at)}", at=at, body=body_of({"equity": equity, **more, "at": at})
            )
            for at in range(start, end, 90 * SECOND)
        ]
        with self.tables.metrics.batch_write() as batch:
            for item in items:
                batch.save(item)

    def live(self, at: int, cash: int = CAPITAL) -> None:
        self.views.put_live({"at": at, "capital": CAPITAL, "cash": cash, "equity": CAPITAL})

    def risk(self, at: int, **more: Any) -> None:
        self.views.put_risk({"at": at, "limits": [], "standing": [], "settlement": {"broken": ""}, **more})
