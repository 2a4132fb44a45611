"""The hot loop: one point arrives and moves, merges or becomes a prototype."""
