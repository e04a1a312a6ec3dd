"""An account that has traded for days, made by the engine's own bookkeeping."""

from msgspec.structs import replace

from dashboard.deals import DayBook
from dashboard.state import Point
from shared.domain.instants import DAY, HOUR, SECOND, day_of
from shared.domain.ledger import Fill, Position, Record
from shared.domain.market import Market, MarketKind
from shared.domain.money import ONE, Price, Shares, Usd, dollars
from shared.domain.order import Order, OrderState, Purpose, Side
from shared.engine.ledger import deposit_record, fill_record, plan_record, settle_record
from shared.engine.limits import Limits
from tests.dashboard.fakes import NOW, WALLET, FakeQueries, live, order, quiet

LIMITS = Limits()
TODAY = day_of(NOW)
START = NOW - 3 * DAY
OTHER = "0x" + "9" * 40


def purchase(n: int, at: int = NOW - HOUR, price: int = 400_000, size: int = 10 * ONE, source: str = WALLET) -> Order:
    """An order to buy ``nyes`` of market ``0xmn``, planned ``at``; the best price displayed was 40 cents."""
    return replace(
        order(n),
        token=f"{n}yes",
        source=source,
        limit=Price(price),
        size=Shares(size),
        planned_at=at,
        reserved=dollars(100),
        reference=400_000,
    )


def bought(
    n: int, at: int = NOW - HOUR, price: int = 400_000, size: int = 10 * ONE, source: str = WALLET
) -> list[Record]:
    """The records of a purchase that was executed at once."""
    made = purchase(n, at, price, size, source)
    fill = Fill(f"t{n}", made.order_key, price, made.size, Usd(10_000), at)
    return [plan_record(made, LIMITS), fill_record(made, None, fill, at + SECOND, LIMITS)]


def settled(position: Position, at: int, payout: int) -> Record:
    """The record of a settlement at ``payout`` a share."""
    return settle_record(position, payout, at, LIMITS)


def sold(position: Position, at: int, price: int) -> Record:
    """The record of a sale of everything, by a stop of ours."""
    exit_order = replace(
        order(900),
        order_key="exit.1",
        token=position.token,
        market=position.market,
        side=Side.SELL,
        purpose=Purpose.EXIT,
        source=position.source,
        limit=Price(price),
        size=position.size,
        planned_at=at,
        reserved=Usd(0),
        reference=price + 10_000,
        rule="stop_loss",
        state=OrderState.LIVE,
    )
    fill = Fill("x1", "exit.1", price, position.size, Usd(0), at)
    return fill_record(exit_order, position, fill, at, LIMITS)


def books_of(*records: Record) -> dict[int, DayBook]:
    """The records as books, day by day."""
    found: dict[int, DayBook] = {}
    for record in records:
        assert record.posting is not None
        day = day_of(record.posting.at)
        book = found.setdefault(day, DayBook(day))
        book.add([record.posting], [record] if record.fill is not None else [])
    return found


def after(records: list[Record]) -> Position:
    """The position that the last record left."""
    position = records[-1].position
    assert position is not None
    return position


def up_down(n: int) -> Market:
    """A window of Bitcoin that ends an hour from now."""
    return Market(
        f"0xm{n}",
        MarketKind.CRYPTO_UPDOWN,
        "btc-updown-15m-1774220400",
        "Bitcoin Up or Down, 10 PM",
        "crypto",
        (f"{n}yes", f"{n}no"),
        ("Up", "Down"),
        end_at=NOW + HOUR,
    )


def traded() -> FakeQueries:
    """Three days: one position won at its resolution, one lost, one was sold by a stop, one is held."""
    queries = quiet()
    won, lost = bought(1, START + HOUR), bought(2, START + 2 * HOUR, 500_000, source=OTHER)
    out, held = bought(3, NOW - 5 * HOUR), bought(4, NOW - HOUR)
    ends = [
        settled(after(won), NOW - DAY, ONE),
        settled(after(lost), NOW - DAY, 0),
        sold(after(out), NOW - 4 * HOUR, 300_000),
    ]
    unfilled = plan_record(purchase(5, NOW - 2 * HOUR), LIMITS)
    records = [deposit_record("paper", dollars(10_000), START, "initial"), *won, *lost, *out, *held, unfilled, *ends]
    queries.held = [after([ends[0]]), after([ends[1]]), after([ends[2]]), after(held)]
    queries.shown = live(marks={"4yes": 450_000}, event_at=NOW)
    queries.points = [
        Point(START + n * HOUR, dollars(10_000 + 3 * n - n % 7), dollars(3 * n - n % 7)) for n in range(73)
    ]
    money = queries.money
    money.started, money.curve = START, queries.points
    money.books = books_of(*records)
    money.known = {**queries.known_markets, "0xm4": up_down(4)}
    money.decided = queries.decided
    money.posted = [record.posting for record in records if record.posting is not None]
    money.digests = {TODAY: "paper, 2026-03-22 (UTC)\nResult: +$3.00 (0.03%), equity $10,210.00\nTRADING IS STOPPED"}
    return queries
