"""The stages of an audit. They meet only in the artifacts under ``data/``."""

import os

from stages.core.run.telemetry import TELEMETRY_OFF

# The model hub's client reads this once, when it is imported, which may be before a stage's own first line.
os.environ.update(TELEMETRY_OFF)
