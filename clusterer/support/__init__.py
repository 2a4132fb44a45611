"""What every package may use: errors, logs, files, checks of numbers."""
