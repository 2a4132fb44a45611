"""Quality: how well streams are clustered."""
