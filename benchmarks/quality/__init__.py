"""Quality: agreement of the found clusters with known classes."""
