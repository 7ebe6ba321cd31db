"""What a target reveals about the speaker (HearSay, arXiv 2601.03783): its answers, probes and identity trials."""
