"""The page: frames, restore, links and notifications."""
