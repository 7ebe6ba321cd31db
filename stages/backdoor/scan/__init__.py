"""Scan a target for a backdoor from its answers alone."""
