"""Decisions: what was copied, what was not, and why."""

import streamlit as st

from dashboard.beliefs import only, only_in_words
from dashboard.columns import choose_row, decision_columns, leg_columns, show_table
from dashboard.decision_sections import last_trades, pictures
from dashboard.figures import show_figures
from dashboard.frame import REFRESH_S, open_page, theme, told
from dashboard.heads.decisions import decisions
from dashboard.links import MARKET, WALLET, all_of_it, failed_order, its_record, market_decisions
from dashboard.queries.asked import Queries
from dashboard.tables import Markets, Row, chosen, decision_rows, leg_rows, matching, outcome, question
from dashboard.words import SIDES, age, count, plain, stamp, unchecked
from shared.domain.decision import Decision, Reason
from shared.domain.money import float_of_micro
from shared.domain.reasons import Kind, label, label_of, numbers_in_words, sentence, shown

WHY = "why"  # the parameter of the page's address that names the decision looked at, so that it can be linked to
TOP = "decisions_top"
DEPTHS = (200, 1_000, 5_000)
START = "No decisions yet: the first whale trade brings one. If the trader is not running, start it with `make run`."


@st.fragment(run_every=5 * REFRESH_S)
def breakdown(queries: Queries) -> None:
    """How whale trades ended, by reason."""
    st.header("Why trades were copied or not", help="Every whale trade ends with exactly one reason.")
    with told("The breakdown"):
        live = queries.live()
        if live is None or not any(live.decisions.values()):
            st.info(START, icon=":material/hourglass_empty:")
            return
        total = sum(live.decisions.values())
        most = max(live.decisions.items(), key=lambda pair: pair[1])
        words = f"{count(total)} whale trades, {count(live.copied)} copied; most frequent: {label_of(most[0])}."
        show_figures("decisions", decisions(queries))
        from dashboard.charts import decision_breakdown

        st.altair_chart(decision_breakdown(live.decisions, theme()), width="stretch", key="breakdown", alt=words)
        with st.expander("What the reasons mean"):
            seen = [reason for reason in Reason if live.decisions.get(reason.value)]
            st.markdown("\n".join(f"- **{plain(label(r))}**: {plain(sentence(r))}" for r in seen))


@st.fragment(run_every=2 * REFRESH_S)
def table(queries: Queries) -> None:
    """The latest decisions with their numbers, searchable."""
    st.header("Decisions", help="One row per whale trade, the newest first.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Search",
            key="search",
            help="Words of the market, outcome, wallet or reason; every word must occur.",
            width=280,
        )
        which = st.segmented_control("Show", ["All", "Copied", "Not copied"], default="All", required=True, key="which")
        reasons = st.multiselect("Reasons", list(Reason), format_func=label, key="reasons", width=280)
        depth = st.selectbox(
            "Look through",
            DEPTHS,
            format_func=lambda n: f"latest {n:,}",
            key="depth",
            width=160,
            help="How many of the latest decisions are searched.",
        )
    with told("The decisions"):
        live = queries.live()
        latest = [] if live is None else queries.decisions(live.event_at, depth)
        if not latest:
            st.info(START, icon=":material/inbox:")
            return
        wallet, market = st.query_params.get(WALLET, ""), st.query_params.get(MARKET, "")
        key = f"decisions/{text}/{which}/{sorted(reasons)}/{depth}/{wallet}/{market}"
        latest = standing_still(latest, key)
        asked = only(latest, wallet, market)
        markets = queries.markets({d.market for d in asked} | ({market} if market else set()))
        narrowed(only_in_words(wallet, market, markets))
        ranks = {w.wallet: w.rank for w in queries.whales()}
        meant = chosen(asked, str(which), reasons)
        rows, meant = matching(decision_rows(meant, markets, ranks), meant, text)
        if not rows:
            st.info(f"None of the latest {count(len(latest))} decisions match. Change the search or look further back.")
            return
        st.caption(f"{count(len(rows))} of the latest {count(len(latest))} decisions. Choose a row to see why.")
        made = choose(rows, meant, key)
        if made is not None:
            why(made, queries, markets)


def narrowed(words: str) -> None:
    """That the address asks for some decisions only, and the way back to all."""
    if not words:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(plain(f"Only {words}"))
        st.button(
            "Show all",
            key="show_all",
            on_click=widen,
            icon=":material/filter_alt_off:",
            help="Every wallet and market.",
        )


def widen() -> None:
    """Ask for all decisions again."""
    for name in (WALLET, MARKET):
        st.query_params.pop(name, None)


def standing_still(latest: list[Decision], key: str) -> list[Decision]:
    """While a row is chosen the list does not move on: a choice is kept as a row's number."""
    state = st.session_state.get(key)
    top = st.session_state.get(TOP)
    if state is not None and state["selection"]["rows"] and top in latest:
        return latest[latest.index(top) :]
    st.session_state[TOP] = latest[0]
    return latest


def choose(rows: list[Row], made: list[Decision], key: str) -> Decision | None:
    """The table, and the decision whose row is chosen; the page's address names it from then on."""
    linked = st.query_params.get(WHY, "")
    places = [place for place, one in enumerate(made) if linked and name_of(one) == linked]
    chosen = choose_row(rows, key, decision_columns(), height=430, first=places[:1], required=False)
    places = [place for place in chosen if place < len(made)]
    if not places:
        st.query_params.pop(WHY, None)
        return None
    found = made[places[0]]
    if linked != name_of(found):
        st.query_params[WHY] = name_of(found)
    return found


def name_of(made: Decision) -> str:
    """What the page's address calls a decision."""
    return f"{made.at}-{made.signal_id[:12]}"


def why(made: Decision, queries: Queries, markets: Markets) -> None:
    """One decision in full: the reason, every number with its limit, and what became of the copy."""
    st.header(f"Why? {label(made.reason)}", divider="gray")
    st.write(plain(sentence(made.reason)))
    asked = question(made.market, made.token, markets)
    named = outcome(made.market, made.token, markets)
    did = f"{SIDES[made.side]} {float_of_micro(made.size):,.2f} shares of {named} at {shown(Kind.PRICE, made.price)}"
    late = f", decided {age(made.at - made.venue_at)} later" if made.tx else ""
    st.caption(plain(f"{stamp(made.venue_at)} UTC{late} · {did} · {asked}"))
    said = [*numbers_in_words(made.numbers), *beliefs(made)]
    if missing := unchecked(made):
        said.append(f"not checked, for want of data: {missing}")
    if said:
        st.markdown("\n".join(f"- {plain(text)}" for text in said))
    legs = queries.legs(made)
    if legs:
        show_table(leg_rows(legs), key="legs", column_config=leg_columns())
    else:
        st.caption("No order was made for it.")
    with st.container(horizontal=True):
        its_record(made.wallet)
        all_of_it(made.wallet)
        market_decisions(made.market)
        for failed in [leg for leg in legs if leg.dead][:1]:
            failed_order(failed.order_key)
    st.caption(f"The same in the terminal: `python -m fargate explain {made.tx or made.signal_id}`")


def beliefs(made: Decision) -> list[str]:
    """What was believed of the trade and staked on it, as far as it came to that."""
    found = []
    if made.confidence and made.tx:
        found.append(f"confidence of the signal {shown(Kind.SHARE, made.confidence)}")
    if made.p_win:
        against = f" against our limit of {shown(Kind.PRICE, made.limit)} before the fee" if made.limit else ""
        found.append(f"chance to win {shown(Kind.SHARE, made.p_win)}{against}")
    if made.stake:
        found.append(f"stake {shown(Kind.MONEY, made.stake)}")
    return found


def main() -> None:
    """Lay the page out."""
    queries = open_page("Decisions")
    if queries is None:
        return
    breakdown(queries)
    table(queries)
    last_trades(queries)
    pictures(queries)


main()
