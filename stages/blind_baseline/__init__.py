"""Stage 3, blind_baseline: predicts membership from features alone, and finds the population."""
