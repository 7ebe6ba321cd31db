"""Rates, intervals, comparisons and the finding."""
