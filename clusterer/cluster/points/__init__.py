"""Single points: their weights, their times, the metric, and what the model says about them."""
