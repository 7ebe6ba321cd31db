"""Input purifications, one small file each, listed here by import."""

from stages.backdoor.defend.purifiers import (  # noqa: F401
    codec,
    low_pass,
    resample,
    silence_removal,
)
