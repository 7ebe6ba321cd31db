"""Measure a backdoor: attack effectiveness, benign measure, which component carries it."""
