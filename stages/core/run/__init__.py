"""How stages run: command line and lock, parallel work, seeds, registries."""
