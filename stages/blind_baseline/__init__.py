"""Stage 3, blind_baseline: membership predicted from features alone, and the population that follows from it."""
