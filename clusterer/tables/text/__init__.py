"""Text tables: dialect, layout and records."""
