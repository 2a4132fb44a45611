"""From columns to points: numbers, totals left out, order of time, chunks of one size."""
