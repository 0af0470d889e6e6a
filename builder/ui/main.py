"""The entry point that Streamlit runs at each visit: logo, navigation, then the page that was asked for."""

import streamlit as st

from builder.ui import chrome

chrome.logo()
st.navigation(chrome.pages(), position="top").run()
