"""A session: the engine drives a run and hands out frames."""
