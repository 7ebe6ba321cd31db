"""Typed results: what audits of membership, leakage and backdoors find."""
