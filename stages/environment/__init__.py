"""Write the versions of what can change numbers to ``data/environment.json``, which numeric stages depend on."""
