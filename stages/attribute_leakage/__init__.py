"""What a target tells about the person who speaks (HearSay, arXiv 2601.03783): answers, probes, identity."""
