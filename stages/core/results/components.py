"""The parts of a speech language model that can be trained, frozen and exchanged separately (arXiv 2510.01157)."""

from __future__ import annotations

from typing import Literal, get_args

Component = Literal["encoder", "connector", "language_model"]

COMPONENTS: tuple[Component, ...] = get_args(Component)
