"""Load: many sessions at once, churn, soak."""
