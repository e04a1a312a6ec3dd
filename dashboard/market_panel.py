"""Single markets on the Trading page: tabs, countdown, candles, order book, pressure, whales, signals, and our part."""

from collections.abc import Sequence

import streamlit as st

from dashboard import market_html
from dashboard.columns import decision_columns, show_table
from dashboard.figures import box
from dashboard.frame import REFRESH_S, theme, told
from dashboard.market_words import (
    OURS,
    WHYS,
    Share,
    best_ask,
    best_bid,
    cents,
    coin_price,
    countdown,
    distance,
    heading,
    net_words,
    outcomes_of,
    picked,
    pressure,
    sentiment,
    series_of,
    tab_label,
)
from dashboard.queries.asked import Queries
from dashboard.state import Live
from dashboard.tables import decision_rows, outcome
from dashboard.words import NOTHING, SIDES, count, dollars, gain, plain, ratio
from shared.domain.market import coin_of
from shared.domain.money import format_fixed, value
from shared.domain.screens import CoinScreen, Screen, Tab, View

TAB, SERIES, PRICE = "market_tab", "market_series", "market_price"
RECENT_DECISIONS = 300
SIGNALS = 20
SIGNAL_COLUMNS = ("at", "reason", "side", "outcome", "whale", "price", "confidence", "p_win", "stake", "limit")
EMPTY = (
    "No market to watch yet. One appears here as soon as a followed whale trades in it, a crypto up/down window that "
    "anybody trades in is open, or we hold something in it."
)


@st.fragment(run_every=REFRESH_S)
def markets(queries: Queries) -> None:
    """The section, renewed by itself."""
    st.header("Markets", help=f"Up to six markets as they trade. {' '.join(['◆ marks ours.', *WHYS.values()])}")
    with told("The markets"):
        live, tabs = queries.live(), queries.screens.tabs().tabs
        if live is None or not tabs:
            st.info(EMPTY, icon=":material/candlestick_chart:")
            return
        tab = _choose(tabs)
        view = queries.screens.view(tab.slot)
        if view is None or not view.is_of(tab.market):
            st.info("This market has just come here; its screen follows within seconds.", icon=":material/hourglass:")
            return
        st.html(market_html.STYLE)
        _screen(queries, live, tab, view)


def _choose(tabs: Sequence[Tab]) -> Tab:
    """The tab the reader chose; when its window closes, the next one of the same coin and length."""
    labels = {tab.market: tab_label(tab) for tab in tabs}
    state = st.session_state
    state[TAB] = picked(tabs, state.get(TAB, ""), state.get(SERIES, "")).market
    chosen = st.segmented_control(
        "Market",
        list(labels),
        format_func=lambda market: plain(labels.get(market, "")),
        key=TAB,
        required=True,
        label_visibility="collapsed",
    )
    tab = picked(tabs, chosen or "", "")
    state[SERIES] = series_of(tab)
    return tab


def _screen(queries: Queries, live: Live, tab: Tab, view: View) -> None:
    screen, outcomes = view.screen, outcomes_of(tab)
    st.subheader(plain(heading(tab)), help=WHYS[tab.why])
    wide, narrow = st.columns([2, 1], gap="medium")
    with wide:
        _figures(tab, screen, max(live.event_at, screen.at))
        _chart(tab, view, outcomes)
    with narrow:
        st.html(market_html.cards(screen, outcomes))
        _sides(screen, outcomes)
        _order_book(screen, outcomes)
    _signals(queries, live, tab)
    _ours(queries, live, tab)


def _figures(tab: Tab, screen: Screen, now: int) -> None:
    """Countdown and prices that decide the market."""
    end = countdown(tab, now)
    with st.container(key="figures_market"):
        st.metric(
            "Ends in",
            end.left,
            end.note or None,
            delta_color="red" if end.note.startswith("■") else "off",
            delta_arrow="off",
            border=True,
            help="Minutes and seconds until the market ends, in event time; red within the last minute.",
        )
        if screen.coin is None:
            _price_figures(screen)
        else:
            _coin_figures(coin_of(tab.slug), screen.coin)
    if screen.coin is None and coin_of(tab.slug):
        st.caption(f"Nobody tells the price of {coin_of(tab.slug)} in this world, so there is no price to beat.")


def _coin_figures(name: str, coin: CoinScreen) -> None:
    box(
        "Price to beat",
        coin_price(coin.beat),
        "at the opening" if coin.beat else "not heard then",
        f"{name} when the window opened, by {coin.source}. Up wins at or above it. The venue settles on its own index, "
        "averaged over a minute, which may differ by a few dollars.",
    )
    box(f"{name} now", coin_price(coin.price), f"by {coin.source}", f"The latest price of {name}.")
    away, side = distance(coin)
    box("Distance", away, side, f"{name} now less the price to beat, and who would win if the window ended now.")


def _price_figures(screen: Screen) -> None:
    first = screen.tokens[0] if screen.tokens else None
    ask, bid = (0, 0) if first is None else (best_ask(first, screen.tick), best_bid(first, screen.tick))
    box(
        "Last price",
        NOTHING if first is None else cents(first.last),
        "first outcome",
        "What a share of the first outcome was last traded at.",
    )
    box(
        "Spread",
        cents(ask - bid) if ask > bid > 0 else NOTHING,
        f"{cents(bid)} / {cents(ask)}",
        "Best offer less best bid of the first outcome; below, the bid and the offer.",
    )
    traded = sum(token.bought + token.sold for token in screen.tokens)
    box("Traded in 5 min", dollars(traded), "both outcomes", "Money that changed hands within five minutes.")


def _chart(tab: Tab, view: View, outcomes: Sequence[str]) -> None:
    """Candles of an outcome or of the coin, as the reader chooses."""
    coin = coin_of(tab.slug) if view.screen.coin is not None else ""
    names = [*outcomes[: len(view.screen.tokens)], *([coin] if coin else [])]
    if not names:
        return
    if st.session_state.get(PRICE) not in names:
        st.session_state[PRICE] = names[0]
    chosen = st.segmented_control(
        "Chart of", names, key=PRICE, required=True, label_visibility="collapsed", format_func=plain
    )
    place = names.index(chosen or names[0])
    cheap = place < len(view.screen.tokens)
    candles = view.token_candles(place) if cheap else view.coin_candles()
    if not candles:
        st.info("Candles begin with the first trade or quote that is heard.", icon=":material/candlestick_chart:")
        return
    from dashboard.market_charts import candlesticks, chart_rows

    told_as = cents if cheap else coin_price
    words = f"{names[place]} went from {told_as(candles[0].open)} to {told_as(candles[-1].close)}."
    rows = chart_rows(candles, view, tab, cheap)
    st.vega_lite_chart(
        rows, candlesticks(cheap, view.step, theme()), width="stretch", key=f"candles_{cheap}", alt=words
    )


def _sides(screen: Screen, outcomes: Sequence[str]) -> None:
    """Who buys, and which way whales lean."""
    bought = pressure(screen, outcomes)
    if bought is None:
        st.caption("Market pressure: nobody has traded within five minutes.")
    else:
        _bar("Market pressure", bought, "Money of the last five minutes: bought of an outcome, or sold of the other.")
    leaning = sentiment(screen.voices, outcomes)
    if leaning is None:
        st.caption("Whale sentiment: none of those we follow leans to a side.")
    else:
        net = net_words(screen.voices, outcomes)
        _bar("Whale sentiment", leaning, f"Followed whales by the outcome they hold more of. {net}")


def _bar(name: str, share: Share, explanation: str) -> None:
    with st.container(gap=None):
        st.caption(name, help=plain(explanation))
        st.html(market_html.two_sided(share, name, explanation))


def _order_book(screen: Screen, outcomes: Sequence[str]) -> None:
    with st.expander("Order book", expanded=True, icon=":material/reorder:", key="market_book"):
        if not any(token.bids or token.asks for token in screen.tokens):
            st.caption("No book is known: this world tells none, or its stream is down (see the sources below).")
            return
        st.html(market_html.books(screen, outcomes))
        if any(token.old for token in screen.tokens):
            st.caption("▲ Not confirmed for a while: too old to trade on.")


def _signals(queries: Queries, live: Live, tab: Tab) -> None:
    """What was decided in this market, and how sure the signal was."""
    with st.expander("Signals of this market", icon=":material/bolt:", key="market_signals"):
        latest = queries.decisions(live.event_at, RECENT_DECISIONS) if live.event_at else []
        made = [one for one in latest if one.market == tab.market][:SIGNALS]
        if not made:
            among = f"the latest {count(RECENT_DECISIONS)} decisions"
            st.caption(f"None among {among}. One appears when a followed whale trades here.")
            return
        ranks = {w.wallet: w.rank for w in queries.whales()}
        columns = decision_columns()
        rows = decision_rows(made, queries.markets([tab.market]), ranks)
        show_table(
            [{name: row[name] for name in SIGNAL_COLUMNS} for row in rows],
            key="market_signal_table",
            column_config={name: columns[name] for name in SIGNAL_COLUMNS},
        )


def _ours(queries: Queries, live: Live, tab: Tab) -> None:
    """What we hold and wait for in this market."""
    if tab.why not in OURS:
        return
    known = queries.markets([tab.market])
    held = [one for one in queries.positions() if one.market == tab.market and one.size]
    waiting = [one for one in queries.open_orders() if one.market == tab.market]
    with st.expander("Ours in this market", icon=":material/work:", key="market_ours"):
        for position in held:
            mark = live.marks.get(position.token)
            now = "no last price" if mark is None else f"{gain(value(position.size, mark) - position.cost)} now"
            shares = f"{format_fixed(position.size, 2)} shares of {outcome(tab.market, position.token, known)}"
            st.caption(plain(f"◆ {shares}, cost {dollars(position.cost)}, {now}"))
        for order in waiting:
            name = outcome(tab.market, order.token, known)
            done = ratio(order.filled, order.size)
            st.caption(plain(f"○ {SIDES[order.side]} {name} at {cents(order.limit)}, {done} filled"))
        if not held and not waiting:
            st.caption("Nothing any more.")
