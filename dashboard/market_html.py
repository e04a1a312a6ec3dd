"""The parts of a market's screen that no chart draws: price cards, two-sided bars, the order book. Text in, HTML out.

Colours never speak alone: every side has its name, an arrow or a place of its own. Names are escaped.
"""

from collections.abc import Sequence
from html import escape

from dashboard.market_words import Share, best_ask, best_bid, cents
from dashboard.words import NOTHING, count
from shared.domain.money import format_fixed, mul_div_floor, value
from shared.domain.screens import LADDER, Ladder, Screen, TokenScreen

SIDES = (("first", "▲"), ("second", "▼"))
"""Style and arrow of the two outcomes."""

STYLE = """
<style>
.mk-cards {display:grid; grid-template-columns:1fr 1fr; gap:.6rem}
.mk-card {border-radius:.6rem; padding:.55rem .8rem; border:1px solid; line-height:1.3}
.mk-card b {font-size:1.5rem; font-variant-numeric:tabular-nums; margin-left:.35rem}
.mk-card small {display:block; opacity:.85; font-variant-numeric:tabular-nums}
.mk-first {background:rgba(13,148,136,.14); border-color:#0d9488}
.mk-second {background:rgba(217,119,6,.14); border-color:#d97706}
.mk-bar {margin-top:.15rem}
.mk-bar .mk-words {display:flex; justify-content:space-between; font-size:.85rem; gap:.5rem}
.mk-track {display:flex; height:.65rem; border-radius:.35rem; overflow:hidden; gap:2px; margin:.2rem 0 .1rem}
.mk-track i {display:block; background:#0d9488}
.mk-track i + i {background:repeating-linear-gradient(135deg,#d97706 0 5px,#b45309 5px 8px)}
.mk-books {display:grid; grid-template-columns:1fr 1fr; gap:.8rem}
.mk-book {font-size:.8rem; font-variant-numeric:tabular-nums; min-width:0; border-collapse:collapse; width:100%}
.mk-book caption {text-align:left; font-weight:600; padding-bottom:.15rem; caption-side:top}
.mk-book th {font-weight:400; opacity:.75; text-align:right; padding:0 .3rem}
.mk-book td {text-align:right; padding:.05rem .3rem; border:0}
.mk-book tr {border:0}
.mk-ask td:first-child {background:linear-gradient(to left,rgba(217,119,6,.3) var(--d),transparent var(--d))}
.mk-bid td:first-child {background:linear-gradient(to left,rgba(13,148,136,.3) var(--d),transparent var(--d))}
.mk-gap td {text-align:center; opacity:.85; border-top:1px solid rgba(128,128,128,.4);
  border-bottom:1px solid rgba(128,128,128,.4)}
</style>
"""


def cards(screen: Screen, outcomes: Sequence[str]) -> str:
    """Both outcomes side by side, each with what a share costs now."""
    parts = [
        _card(token, screen.tick, name, *side)
        for token, name, side in zip(screen.tokens, outcomes, SIDES, strict=False)
    ]
    return f'<div class="mk-cards">{"".join(parts)}</div>'


def _card(token: TokenScreen, tick: int, name: str, style: str, arrow: str) -> str:
    ask, bid = best_ask(token, tick), best_bid(token, tick)
    shown = ask or token.last
    what = "costs to buy now" if ask else "last traded at; nobody sells at the moment" if token.last else "unknown"
    help_text = f"One share of {name}: {what}. It pays $1 if {name} comes true, so the price is about its chance."
    below = f"sell {cents(bid)} · last {cents(token.last)}"
    return (
        f'<div class="mk-card mk-{style}" title="{escape(help_text)}">{arrow} {escape(name)}<b>{cents(shown)}</b>'
        f'<small title="What selling a share brings now, and what the last trade was at.">{below}</small></div>'
    )


def two_sided(share: Share, name: str, explanation: str) -> str:
    """A bar of two parts, with both of them in words above it."""
    first, second = share.percent, 100 - share.percent
    return (
        f'<div class="mk-bar" role="img" aria-label="{escape(name)}: {escape(share.first)}, {escape(share.second)}" '
        f'title="{escape(explanation)}"><div class="mk-words"><span>▲ {escape(share.first)}</span>'
        f"<span>{escape(share.second)} ▼</span></div>"
        f'<div class="mk-track"><i style="flex:{first}"></i><i style="flex:{second}"></i></div></div>'
    )


def books(screen: Screen, outcomes: Sequence[str]) -> str:
    """The order books of both outcomes beside each other."""
    parts = [_book(token, screen.tick, name) for token, name in zip(screen.tokens, outcomes, strict=False)]
    return f'<div class="mk-books">{"".join(parts)}</div>'


def _book(token: TokenScreen, tick: int, name: str) -> str:
    """Offers down to the best one, the spread, bids from the best one; the bar behind a size is its part of the
    largest.
    """
    most = max((*token.asks[1::LADDER], *token.bids[1::LADDER]), default=1)
    asks = [_level("ask", price, size, tick, most) for price, size in reversed(levels(token.asks))]
    bids = [_level("bid", price, size, tick, most) for price, size in levels(token.bids)]
    ask, bid = best_ask(token, tick), best_bid(token, tick)
    spread = f"spread {cents(ask - bid)}" if ask and bid and ask > bid else "no spread" if asks or bids else NOTHING
    return (
        f'<table class="mk-book"><caption>{escape(name)}</caption>'
        f'<tr><th title="Shares on offer or wanted at this price.">Shares</th><th title="Per share.">Price</th></tr>'
        f'{"".join(asks)}<tr class="mk-gap"><td colspan="2" title="Best offer less best bid.">{spread}</td></tr>'
        f"{''.join(bids)}</table>"
    )


def _level(kind: str, price: int, size: int, tick: int, most: int) -> str:
    part = mul_div_floor(size, 100, most)
    at = mul_div_floor(price, tick, 1)
    worth = format_fixed(value(size, at), 0, 1)
    wants = "offered" if kind == "ask" else "wanted"
    return (
        f'<tr class="mk-{kind}" style="--d:{part}%" title="{count(size)} shares {wants} at {cents(at)}: ${worth}">'
        f"<td>{count(size)}</td><td>{cents(at)}</td></tr>"
    )


def levels(ladder: Ladder) -> list[tuple[int, int]]:
    """(price in ticks, shares) from the best one on."""
    return list(zip(ladder[::LADDER], ladder[1::LADDER], strict=True))
