"""The venue's rows and markets in the house's own words."""

from collections.abc import Iterable

import polars as pl

from shared.adapters.polymarket.gamma_market import SPLIT, GammaMarket
from shared.adapters.polymarket.wire import ActivityRow
from shared.analytics.categories import category_of
from shared.domain.instants import SECOND
from shared.domain.market import (
    CRYPTO_TAKER_FEE,
    DEFAULT_MIN_SIZE,
    DEFAULT_TICK,
    OTHER_TAKER_FEE,
    Market,
    MarketKind,
)
from shared.domain.messages import WhaleTrade
from shared.domain.money import ONE, Fraction, Price, Shares, Usd
from shared.domain.order import Side

ROW_SCHEMA = {
    "ts_ns": pl.Int64,
    "wallet": pl.String,
    "market": pl.String,
    "slug": pl.String,
    "token": pl.String,
    "outcome": pl.String,
    "side": pl.String,
    "price": pl.Int64,
    "size": pl.Int64,
    "tx": pl.String,
    "type": pl.String,
    "collected_at": pl.Float64,
}
"""The columns a ``Recording`` is made from."""


def trade_of(row: ActivityRow, delivery: int) -> WhaleTrade:
    """A TRADE row as the engine's message."""
    return WhaleTrade(
        row.wallet,
        row.condition_id,
        row.token_id,
        Side(row.side),
        row.price_micro,
        row.size_micro,
        row.tx_hash,
        delivery,
    )


def frame_of(rows: Iterable[ActivityRow]) -> pl.DataFrame:
    """Rows as the table a ``Recording`` is made from, oldest first; one poll is one delivery."""
    table = [
        (
            row.timestamp_s * SECOND,
            row.wallet,
            row.condition_id,
            row.slug,
            row.token_id,
            row.outcome,
            row.side,
            row.price_micro,
            row.size_micro,
            row.tx_hash,
            row.type,
            None,
        )
        for row in rows
    ]
    return pl.DataFrame(table, schema=ROW_SCHEMA, orient="row").sort("ts_ns", maintain_order=True)


def market_of(found: GammaMarket) -> Market:
    """Gamma's data of a market; a fee it does not state is the kind's own, never zero.

    Its topic is the venue's event; every up/down window is an event of its own, so theirs is the series.
    """
    kind = MarketKind(found.kind)
    usual = CRYPTO_TAKER_FEE if kind is MarketKind.CRYPTO_UPDOWN else OTHER_TAKER_FEE
    return Market(
        market=found.condition_id,
        kind=kind,
        slug=found.slug,
        question=found.question,
        category=category_of(found.slug),
        tokens=found.token_ids,
        outcomes=found.outcomes,
        tick=Price(found.tick_size_micro or DEFAULT_TICK),
        min_size=Shares(found.min_size_micro or DEFAULT_MIN_SIZE),
        fee_rate=usual if found.fee_rate_micro is None else Fraction(found.fee_rate_micro),
        start_at=found.start_ns,
        end_at=found.end_ns,
        volume_24h=None if found.volume_24h_micro is None else Usd(found.volume_24h_micro),
        best_bid=Price(found.best_bid_micro) if found.best_bid_micro else None,
        best_ask=Price(found.best_ask_micro) if found.best_ask_micro else None,
        liquidity=None if found.liquidity_micro is None else Usd(found.liquidity_micro),
        accepting=found.accepting_orders and not found.closed,
        disputed=found.disputed,
        topic=(found.series_slug if kind is MarketKind.CRYPTO_UPDOWN else found.event_slug) or "",
    )


def payouts_of(found: GammaMarket) -> dict[str, int] | None:
    """What each token of a resolved market pays, in micro-dollars per share; None while it is not resolved."""
    if found.winner is None:
        return None
    if found.winner == SPLIT:
        return dict.fromkeys(found.token_ids, ONE // len(found.token_ids))
    return {
        token: ONE if outcome == found.winner else 0
        for token, outcome in zip(found.token_ids, found.outcomes, strict=True)
    }
