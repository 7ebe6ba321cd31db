"""Orchestration only, no science: the DVC graph as a Prefect flow, its schedule, and the command line."""

from flows.environment import prepare_prefect

# Prefect reads its settings once, at import. This line runs before any module of the package can import Prefect.
prepare_prefect()
