"""Model files: a plain format that is checked before it is used."""
