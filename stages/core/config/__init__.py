"""`params.yaml`: YAML, what sections are made of, the nouns, and what they must say of each other."""
