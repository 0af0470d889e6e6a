"""The entry point of each visit: logo, navigation and styles, then the page that was asked for."""

import streamlit as st

from builder.ui import chrome, guide

chrome.logo()
page = st.navigation(chrome.pages(), position="top")
chrome.styles()
chrome.mark_running()
guide.strip(page.url_path)
page.run()
