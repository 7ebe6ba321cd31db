"""What a target tells about who speaks: answers under several conditions, probes of its layers, identity.

The protocol is HearSay's (arXiv 2601.03783), with the traps of public evaluation code left out: docs/leakage.md.
"""
