"""Load: many sessions at once, interference between sessions, soak."""
