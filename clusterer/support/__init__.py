"""Code that every package may use: errors, logs, text, files, checks of numbers."""
