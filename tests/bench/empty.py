"""An app with nothing but what the first screen shows: a slider, four metrics, and the same two charts as Plotly's.

`first_screen.py` runs it with the charts of the Overview in the file that CHARTS names.
"""

import json
import os
from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

fraction = st.slider("Fraction randomized", 0.0, 1.0, 0.9, step=0.01, format="percent")
for column, name in zip(st.columns(4), ("Accuracy", "Loss", "Forgetting", "Macro-F1"), strict=True):
    column.metric(name, f"{1 - fraction:.2f}")
charts = json.loads(Path(os.environ["CHARTS"]).read_text())
for column, (alt, chart) in zip(st.columns(2), charts.items(), strict=True):
    column.plotly_chart(go.Figure(chart), key=alt, alt=alt)
