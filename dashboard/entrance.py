"""What every visit runs first: lists the pages and runs the one that was asked for."""

import streamlit as st

from dashboard.frame import WANTED
from dashboard.menu import MENU

st.set_page_config(page_title="Copy trading", page_icon="📈", layout="wide")
pages = [
    st.Page(f"pages/{one.stem}.py", title=one.title, icon=f":material/{one.icon}:", default=one is MENU[0])
    for one in MENU
]
page = st.navigation(pages, position="top")
wanted, parameters = st.session_state.pop(WANTED, ("", {}))
for known in pages:
    if known.title == wanted and known is not page:
        st.switch_page(known, query_params=parameters)
page.run()
