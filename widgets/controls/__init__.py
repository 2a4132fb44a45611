"""The controls: sliders, switches, transport buttons and keys."""
