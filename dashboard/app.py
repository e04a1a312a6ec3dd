"""The dashboard's entrance: reads the environment once, opens the tables, and lists the pages.

Run from the root of the repository: ``python -m streamlit run dashboard/app.py --server.address 127.0.0.1``.
"""

import os

import streamlit as st

from dashboard.frame import WANTED
from dashboard.queries.opening import connect, source
from dashboard.queries.settings import settings

PAGES = (
    st.Page("pages/trading.py", title="Trading overview", icon=":material/monitoring:", default=True),
    st.Page("pages/executive.py", title="Executive", icon=":material/insights:"),
    st.Page("pages/decisions.py", title="Decisions", icon=":material/checklist:"),
    st.Page("pages/whales.py", title="Whales", icon=":material/trophy:"),
    st.Page("pages/markets.py", title="Markets", icon=":material/storefront:"),
    st.Page("pages/risk.py", title="Risk", icon=":material/shield:"),
    st.Page("pages/operations.py", title="Operations", icon=":material/engineering:"),
    st.Page("pages/reports.py", title="Reports", icon=":material/download:"),
    st.Page("pages/research.py", title="Research", icon=":material/science:"),
    st.Page("pages/settings.py", title="Settings", icon=":material/tune:"),
)


st.set_page_config(page_title="Copy trading", page_icon="📈", layout="wide")
source.open(lambda: connect(settings(os.environ)))
page = st.navigation(list(PAGES), position="top")
wanted, parameters = st.session_state.pop(WANTED, ("", {}))
for known in PAGES:
    if known.title == wanted and known is not page:
        st.switch_page(known, query_params=parameters)
page.run()
