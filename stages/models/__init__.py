"""The library that runs models: load, check, ask and train a target, whatever its architecture."""
