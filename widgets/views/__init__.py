"""Views of the model and of its past."""
