"""The public interface of earwitness, for programs. The names listed here stay; the rest of the code may move.

Each name is imported when it is first used, so that ``import earwitness`` takes almost no time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stages.attacks.registry import score
    from stages.core.errors import EarwitnessError
    from stages.core.results.attackname import AttackName
    from stages.core.results.backdoor import BackdoorResult, ScanResult
    from stages.core.results.components import COMPONENTS, Component
    from stages.core.results.leakage import LeakageResult
    from stages.core.results.membership import Judgement, MembershipResult
    from stages.evaluation.judge import judge
    from stages.logits.statistics import token_statistics

    __version__: str

_HOMES = {
    # Functions and errors.
    "judge": "stages.evaluation.judge",
    "score": "stages.attacks",  # the package, so that every attack is registered
    "token_statistics": "stages.logits.statistics",
    "EarwitnessError": "stages.core.errors",
    # Models of results. A new one needs a line here, one in the imports above, and one in __all__.
    "COMPONENTS": "stages.core.results.components",
    "Component": "stages.core.results.components",
    "MembershipResult": "stages.core.results.membership",
    "Judgement": "stages.core.results.membership",
    "LeakageResult": "stages.core.results.leakage",
    "ScanResult": "stages.core.results.backdoor",
    "BackdoorResult": "stages.core.results.backdoor",
    "AttackName": "stages.core.results.attackname",
}
"""For each public name, the module that defines it."""

__all__ = [
    "COMPONENTS",
    "AttackName",
    "BackdoorResult",
    "Component",
    "EarwitnessError",
    "Judgement",
    "LeakageResult",
    "MembershipResult",
    "ScanResult",
    "__version__",
    "judge",
    "score",
    "token_statistics",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562)."""
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("earwitness")
    elif name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
