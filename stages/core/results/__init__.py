"""What membership, leakage and backdoor find, with a type."""
