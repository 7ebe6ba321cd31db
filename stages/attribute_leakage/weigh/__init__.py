"""Compute rates, intervals, comparisons and the finding."""
