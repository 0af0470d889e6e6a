"""The entry point of each visit: logo, navigation and styles, then the page that was asked for."""

import streamlit as st

from builder.ui import chrome, guide, help, switcher

chrome.logo()
page = st.navigation(chrome.pages(), position="top")
chrome.styles()
chrome.mark_running()
help.mark(page.url_path)
guide.strip(page.url_path)
switcher.mark(page.url_path)
page.run()
