"""Orchestration only, no science: the DVC graph as a Prefect flow, its schedule, and the command line."""

from flows.environment import prepare_prefect

# Here, because Prefect reads its settings once, when it is imported, and this runs before any module of the package.
prepare_prefect()
