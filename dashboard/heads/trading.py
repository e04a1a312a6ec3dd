"""The head of Trading: the account in eight figures."""

from dashboard.figures import Figure
from dashboard.queries.asked import Queries
from dashboard.state import Live
from dashboard.words import count, dollars, gain, ratio, signed_ratio
from shared.domain.instants import DAY, day_of


def trading(queries: Queries) -> tuple[Figure, ...]:
    """None before the trader's first word."""
    live = queries.live()
    if live is None:
        return ()
    midnight = day_of(live.event_at) * DAY  # not money: days to nanoseconds
    return (*_money(live, queries.equity_before(midnight) if midnight > 0 else None), *_work(live))


def equity(live: Live) -> Figure:
    """What the account is worth, and how much of that is free."""
    return Figure(
        "Equity",
        dollars(live.equity),
        f"{dollars(live.cash)} free",
        "Free cash, plus cash held for open orders, plus open positions at their last price.",
    )


def _money(live: Live, day_start: int | None) -> tuple[Figure, ...]:
    """``day_start`` is the equity with which the UTC day began; without one, the capital."""
    base = live.capital if day_start is None else day_start
    today = live.equity - base
    return (
        equity(live),
        Figure(
            "P&L today",
            gain(today),
            signed_ratio(today, base),
            "Equity now less equity at 00:00 UTC of the event day, fees included.",
            moves=True,
        ),
        Figure(
            "P&L total",
            gain(live.profit),
            signed_ratio(live.profit, live.capital),
            f"Equity less the capital put in ({dollars(live.capital)}): realised {dollars(live.realized)}, "
            f"unrealised {dollars(live.unrealized)}.",
            moves=True,
        ),
        Figure(
            "Open positions",
            count(live.positions_open),
            f"{count(live.orders_open)} open orders",
            "Positions (one per token and whale) with shares in them; below, orders that are not final.",
        ),
    )


def _work(live: Live) -> tuple[Figure, ...]:
    return (
        Figure(
            "Exposure",
            dollars(live.exposure),
            f"{ratio(live.exposure, live.equity)} of equity",
            "What could be lost: open positions at their last price plus cash held for open orders.",
        ),
        Figure(
            "Fees paid",
            dollars(live.fees),
            f"{count(live.counts.get('fills', 0))} fills",
            "Fees of all fills so far; they are part of every profit shown here.",
        ),
        Figure(
            "Whale trades",
            count(live.whale_trades),
            f"{count(live.counts.get('duplicates', 0))} repeats",
            "Executions of followed wallets, each counted once; below, how many were delivered again.",
        ),
        Figure(
            "Copied",
            count(live.copied),
            f"{ratio(live.copied, live.whale_trades)} of them",
            "Whale trades that led to an order of ours; page “Decisions” says why the others did not.",
        ),
    )
