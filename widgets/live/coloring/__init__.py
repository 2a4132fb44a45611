"""The colours of the points in the live figure: choice, values, legend, highlight."""
