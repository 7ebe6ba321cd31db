"""The statistics that claims rest on: intervals, folds, cross-fitting, populations, tests."""
