"""Markets: what each brought, how liquid it was by the hour, whether prices came true, and when markets end. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from statistics import fmean, median

from msgspec import Struct

from dashboard.deals import Deal, Ended
from dashboard.performance import Sum, sums_by, win_interval
from dashboard.tables import Markets, Row, moment, question
from dashboard.words import age, gain, stamp
from shared.domain.decision import Decision, Reason
from shared.domain.instants import DAY, HOUR
from shared.domain.ledger import Position
from shared.domain.market import Market, MarketKind
from shared.domain.money import average_price, float_of_micro, value, weighted
from shared.domain.order import Side
from shared.domain.reasons import COPIES, label

UNKNOWN = "Unknown"
KINDS = {MarketKind.CRYPTO_UPDOWN: "Crypto up/down", MarketKind.EVENT: "Event"}
CATEGORIES = {"crypto_updown": "Crypto up/down", "crypto": "Crypto"}
BRIEF = 34
"""Characters of a name beside a chart."""
BINS = 10
"""Of prices paid, each ten cents wide."""
ENDS = (
    ("Past its end", 0),
    ("Within 1 h", HOUR),
    ("1 to 6 h", 6 * HOUR),
    ("6 to 24 h", DAY),
    ("1 to 7 days", 7 * DAY),
    ("7 to 30 days", 30 * DAY),
)
"""Times to the end, each up to and with its own, the last ones beyond."""
LATER, NOT_TOLD = "Later", "Not told"


def category(known: Market | None) -> str:
    """What a market is about, as told by the venue or inferred from its slug and question."""
    if known is None:
        return UNKNOWN
    name = known.category or _inferred(f"{known.slug} {known.question}")
    return CATEGORIES.get(name, name.replace("_", " ").capitalize()) or "Other"


@lru_cache(maxsize=20_000)
def _inferred(text: str) -> str:
    """The category of a market's words, once for each market: it takes several searches through them."""
    from shared.analytics.categories import category_of

    return category_of(text)


def kind(known: Market | None) -> str:
    """Which rule book a market follows."""
    return UNKNOWN if known is None else KINDS[known.kind]


class MarketSum(Struct, frozen=True):
    """What all our positions in one market brought, and when that last changed."""

    market: str
    asked: str
    series: str
    category: str
    kind: str
    sum: Sum
    whales: int
    changed_at: int
    end_at: int | None


def by_market(positions: Sequence[Position], marks: Mapping[str, int], markets: Markets) -> list[MarketSum]:
    """Results by market, the one that changed last first."""
    sums = sums_by(positions, marks, lambda one: one.market)
    latest: dict[str, Position] = {}
    sources: dict[str, dict[str, None]] = {}
    for one in positions:
        if one.market not in latest or one.changed_at > latest[one.market].changed_at:
            latest[one.market] = one
        sources.setdefault(one.market, {})[one.source] = None
    found = []
    for name, one in latest.items():
        known = markets.get(name)
        asked = question(name, one.token, markets)
        ends = None if known is None else known.end_at
        found.append(
            MarketSum(
                name,
                asked,
                series_of(one, markets),
                category(known),
                kind(known),
                sums[name],
                len(sources[name]),
                one.changed_at,
                ends,
            )
        )
    return sorted(found, key=lambda one: (-one.changed_at, one.market))


def market_rows(found: Iterable[MarketSum]) -> list[Row]:
    """Rows of the table of markets, in the order given; amounts in dollars."""
    return [
        {
            "market": one.asked,
            "total": float_of_micro(one.sum.total),
            "realized": float_of_micro(one.sum.realized),
            "unrealized": float_of_micro(one.sum.unrealized) if one.sum.open else None,
            "held": float_of_micro(one.sum.held) if one.sum.open else None,
            "category": one.category,
            "kind": one.kind,
            "whales": one.whales,
            "positions": one.sum.count,
            "ends": None if one.end_at is None else moment(one.end_at),
            "changed": moment(one.changed_at),
            "id": one.market,
        }
        for one in found
    ]


def searched(found: Iterable[MarketSum], text: str) -> list[MarketSum]:
    """Markets in whose question, category, kind or id every word occurs, whatever the case."""
    words = text.lower().split()
    return [
        one
        for one in found
        if all(word in f"{one.asked} {one.category} {one.kind} {one.market}".lower() for word in words)
    ]


def extremes(found: Sequence[MarketSum], each: int) -> list[MarketSum]:
    """The best and the worst, at most so many of each, the best first; markets that brought nothing are left out."""
    ordered = sorted((one for one in found if one.sum.total), key=lambda one: (-one.sum.total, one.market))
    return ordered if len(ordered) <= 2 * each else ordered[:each] + ordered[-each:]


def result_rows(sums: Iterable[tuple[str, Sum]]) -> list[Row]:
    """Two rows for each name, its realised and its unrealised result in dollars, for bars on top of each other."""
    return [
        {"name": name, "usd": float_of_micro(part), "part": told, "label": gain(part), "total": gain(one.total)}
        for name, one in sums
        for told, part in (("Realised", one.realized), ("Unrealised", one.unrealized))
    ]


def grouped(found: Iterable[MarketSum], name_of: Callable[[MarketSum], str]) -> list[tuple[str, Sum]]:
    """Markets added up by what ``name_of`` says of each, the best first."""
    totals: dict[str, list[int]] = {}
    for one in found:
        row = totals.setdefault(name_of(one), [0, 0, 0, 0, 0])
        for place, more in enumerate((one.sum.realized, one.sum.unrealized, one.sum.held, one.sum.open, one.sum.count)):
            row[place] += more
    sums = [(name, Sum(name, *row)) for name, row in totals.items()]
    return sorted(sums, key=lambda pair: (-pair[1].total, pair[0]))


# ---------------------------------------------------------------------- liquidity

ILLIQUID = (Reason.WIDE_SPREAD, Reason.THIN_BOOK, Reason.LOW_VOLUME, Reason.PRICE_MOVED, Reason.SLIPPAGE)
"""Reasons for which a copy is refused because the market is not liquid enough for it."""


class Cell(Struct, frozen=True):
    """One thing measured at an instant: of which series (a market, or windows of one coin), and how much."""

    series: str
    at: int
    amount: float


def flow(decisions: Iterable[Decision], markets: Markets) -> list[Cell]:
    """Dollars of each whale trade that was decided on."""
    return [
        Cell(series_of(made, markets), made.at, float_of_micro(value(made.size, made.price)))
        for made in decisions
        if made.tx
    ]


def refusals(decisions: Iterable[Decision], markets: Markets) -> list[Cell]:
    """100 for each whale trade that was refused because the market was not liquid enough, 0 for each other one."""
    return [Cell(series_of(made, markets), made.at, 100.0 * (made.reason in ILLIQUID)) for made in decisions if made.tx]


def slips(deals: Iterable[Deal], markets: Markets) -> list[Cell]:
    """How much worse than the best price displayed each execution was, in percent; negative: better."""
    return [Cell(series_of(deal, markets), deal.at, slip) for deal in deals if (slip := slip_of(deal)) is not None]


def slip_of(deal: Deal) -> float | None:
    """How much worse than the best price displayed an execution was, in percent; ``None`` where none was displayed."""
    if not deal.reference:
        return None
    worse = deal.price - deal.reference if deal.side is Side.BUY else deal.reference - deal.price
    return 100 * worse / deal.reference


class Measure(Struct, frozen=True):
    """How cells of a heat map are made of what was measured: ``total`` adds up, else it is the mean or the median."""

    says: str
    how: str
    shown: str

    def of(self, amounts: Sequence[float]) -> float:
        """One number for all that was measured within an hour."""
        if self.how == "total":
            return sum(amounts)
        return median(amounts) if self.how == "median" else fmean(amounts)


MEASURES = {
    "Whale flow": Measure("dollars that followed whales traded", "total", "${:,.0f}"),
    "Refused": Measure("share of whale trades refused because the market was not liquid enough", "mean", "{:.0f}%"),
    "Our slippage": Measure("how much worse than the best price displayed we executed, median", "median", "{:+.2f}%"),
}


def heat_rows(cells: Iterable[Cell], measure: Measure, most: int) -> list[Row]:
    """A number for each series and hour (UTC) in which there is one, of the ``most`` series with most to say."""
    found: dict[str, dict[int, list[float]]] = {}
    for cell in cells:
        found.setdefault(cell.series, {}).setdefault(cell.at // HOUR * HOUR, []).append(cell.amount)
    often = sorted(found, key=lambda name: (-sum(map(len, found[name].values())), name))[:most]
    return [
        {
            "market": brief(name),
            "full": name,
            "hour": f"{stamp(hour)[5:13]}h",
            "value": measure.of(amounts),
            "label": measure.shown.format(measure.of(amounts)),
            "count": len(amounts),
        }
        for name in often
        for hour, amounts in sorted(found[name].items())
    ]


def series_of(one: Decision | Deal | Position, markets: Markets) -> str:
    """What comes again and again: the windows of one coin and span, else the market's own question."""
    known = markets.get(one.market)
    if known is not None and known.kind is MarketKind.CRYPTO_UPDOWN and known.slug:
        coin, separator, rest = known.slug.partition("-updown-")
        if separator:
            return f"{coin.upper()} up/down {rest.partition('-')[0]}"
        return f"{known.slug.partition('-')[0].capitalize()} up/down"
    return question(one.market, one.token, markets)


def brief(name: str) -> str:
    """A name that fits beside a chart; of a long one its beginning and its end, in which the difference lies."""
    return name if len(name) <= BRIEF else f"{name[: BRIEF // 2].rstrip()}…{name[-BRIEF // 2 :].lstrip()}"


def told_apart(names: Sequence[str]) -> list[str]:
    """Brief names of which no two are the same: later ones are numbered."""
    seen: dict[str, int] = {}
    found = []
    for name in map(brief, names):
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


# ---------------------------------------------------------------------- efficiency


class Bet(Struct, frozen=True):
    """Shares of one outcome that were held when its market was resolved: their average price, and whether they won."""

    price: float
    won: bool


def bets(deals: Iterable[Deal], ended: Iterable[Ended]) -> list[Bet]:
    """Each sleeve's shares of an outcome as one bet, at the average price of its purchases before the market was
    resolved. What paid half (a market without an answer) is no win and no loss, and is left out.
    """
    paid: dict[tuple[str, str], list[Deal]] = {}
    for deal in deals:
        if deal.side is Side.BUY:
            paid.setdefault((deal.token, f"{deal.strategy}/{deal.source}"), []).append(deal)
    found = []
    for one in ended:
        bought = [deal for deal in paid.get((one.token, one.sleeve), []) if deal.at <= one.at]
        if not bought or one.size <= 0 or 0 < one.paid < one.size:
            continue
        total = sum(weighted(deal.price, deal.size) for deal in bought)
        average = average_price(total, sum(deal.size for deal in bought))
        found.append(Bet(float_of_micro(average), one.paid > 0))
    return found


def calibration(found: Iterable[Bet]) -> list[Row]:
    """By tenths of a dollar paid: the average price, the share that won, and where the true share lies with 95%."""
    tenths: dict[int, list[Bet]] = {}
    for bet in found:
        tenths.setdefault(min(int(bet.price * BINS), BINS - 1), []).append(bet)
    rows: list[Row] = []
    for _, group in sorted(tenths.items()):
        won = sum(bet.won for bet in group)
        low, high = win_interval(won, len(group))
        price = sum(bet.price for bet in group) / len(group)
        rows.append(
            {
                "price": price,
                "rate": won / len(group),
                "low": low,
                "high": high,
                "bets": len(group),
                "label": f"{won} of {len(group)} won",
            }
        )
    return rows


def edge(found: Sequence[Bet]) -> float | None:
    """Won less paid per share on average, each bet counting once; ``None`` without any."""
    return sum(bet.won - bet.price for bet in found) / len(found) if found else None


def beliefs(decisions: Iterable[Decision], markets: Markets, most: int) -> list[Row]:
    """What was believed of a purchase beside the price the whale paid, at most so many, the latest."""
    told = [made for made in decisions if made.p_win and made.side is Side.BUY][:most]
    return [
        {
            "price": float_of_micro(made.price),
            "p_win": float_of_micro(made.p_win),
            "kind": "copied" if made.reason in COPIES else "not copied",
            "reason": label(made.reason),
            "market": question(made.market, made.token, markets),
            "when": stamp(made.at),
        }
        for made in told
    ]


# ---------------------------------------------------------------------- time to resolution


def time_to_end(end_at: int | None, at: int) -> str:
    """Which stretch of time a market's end lies in, seen from ``at``."""
    if end_at is None:
        return NOT_TOLD
    return next((name for name, upto in ENDS if end_at - at <= upto), LATER)


def ending_rows(positions: Iterable[Position], marks: Mapping[str, int], markets: Markets, at: int) -> list[Row]:
    """Worth of open positions by the time their markets have left, the soonest first; empty stretches are left out."""

    def stretch(one: Position) -> str:
        known = markets.get(one.market)
        return time_to_end(None if known is None else known.end_at, at)

    sums = sums_by([one for one in positions if one.size], marks, stretch)
    whole = sum(one.held for one in sums.values())
    names = [*(name for name, _ in ENDS), LATER, NOT_TOLD]
    return [
        {
            "name": f"{name} ({sums[name].open})",
            "usd": float_of_micro(sums[name].held),
            "share": sums[name].held / whole if whole else 0.0,
        }
        for name in names
        if name in sums
    ]


def soonest(positions: Iterable[Position], markets: Markets, at: int) -> str:
    """Which open position's market ends next, in words; empty where no end is known."""
    ends = [
        (known.end_at, one)
        for one in positions
        if one.size and (known := markets.get(one.market)) is not None and known.end_at is not None
    ]
    coming = sorted(((end, one.key, one) for end, one in ends if end > at), key=lambda row: row[:2])
    if not coming:
        return ""
    end, _, one = coming[0]
    return f"Next: {question(one.market, one.token, markets)}, in {age(end - at)} ({stamp(end)} UTC)."
