"""The server: Streamlit's app beside Lamina's own routes. Start it with `streamlit run app.py`."""

from contextlib import asynccontextmanager

import streamlit as st

from builder.ui import parts, places, routes, warm

app = st.App(
    places.MAIN,
    routes=routes.collect(),
    lifespan=asynccontextmanager(warm.lifespan),
    on_script_error=parts.crashed,
)
