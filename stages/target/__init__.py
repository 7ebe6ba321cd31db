"""Pin each target, and check that audio reaches it; see `stages.models` for the code that runs models."""
