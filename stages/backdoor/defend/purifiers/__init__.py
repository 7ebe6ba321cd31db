"""Input purifications, one small file each, listed here by import."""

from stages.backdoor.defend.purifiers import codec, low_pass, resample, silence_removal

__all__ = ["codec", "low_pass", "resample", "silence_removal"]
