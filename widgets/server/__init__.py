"""The server: access, limits, monitoring, and patches of Bokeh and Panel."""
