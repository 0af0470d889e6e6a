"""The web interface. Only this package imports Streamlit."""

import os

# Before PyTorch is imported: its waiting threads spin otherwise, and where the cores are busy an
# explanation costs five to twenty times the CPU.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
