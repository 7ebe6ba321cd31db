"""Stage 9, evaluation: population, intervals, negative control and verdict.

`judge` holds the verdict's rule in one call, for anyone's numbers.
"""

from stages.evaluation.judge import judge

__all__ = ["judge"]
