"""How the features of a table are treated: logarithms, weights, and what the page advises."""
