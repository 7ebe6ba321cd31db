"""What the families' forward passes share: prompts, rows, sounds, shared prefixes, layers."""
