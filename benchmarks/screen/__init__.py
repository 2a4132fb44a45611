"""Live plotting in a headless browser."""
