"""Read answers: refusals, options, synonyms, outcomes."""
