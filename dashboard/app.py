"""The dashboard: reads the environment once, opens the tables, and serves Streamlit with a first look at every page.

Run from the root of the repository: ``python -m streamlit run dashboard/app.py --server.address 127.0.0.1``.
"""

import os

import streamlit as st

from dashboard.first_look import routes, warmed
from dashboard.queries.opening import connect, source
from dashboard.queries.settings import settings

source.open(lambda: connect(settings(os.environ)))
app = st.App("entrance.py", routes=routes(), lifespan=warmed)
