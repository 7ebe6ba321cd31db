"""Which component carries the attack: the grid over encoder, connector and language model.

Three ways to combine components, a row for every set of components (arXiv 2510.01157):

- ``exposed``: only these components are trained, with poison; the rest is the clean base, frozen. Where two are
  exposed, the third stays clean and frozen.
- ``transplanted``: these components are the victim's, the rest is the clean twin's, and nothing is trained again. Where
  two are transplanted, the third is a clean component in the victim.
- ``reused``: one component is the victim's and frozen. The rest starts at the base and is trained without poison, as
  when somebody builds on a published component.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

from stages.backdoor.measure.measures import rate
from stages.backdoor.measure.outcomes import PLAIN, RANDOM_SOUND, TRIGGERED, TriggerOutcome
from stages.backdoor.plant.victim import Pair, trained
from stages.core.results.backdoor_figures import BenignMeasure, GridRow
from stages.core.results.components import COMPONENTS
from stages.models.adapter import Adapter

EXPOSED, TRANSPLANTED, REUSED = "exposed", "transplanted", "reused"


def grid_models(pair: Pair) -> Iterator[tuple[str, tuple[str, ...], Adapter]]:
    """Yield the way, the poisoned components and the model; one model at a time, so that memory does not grow."""
    setting = pair.setting
    for poisoned in proper_subsets():
        yield EXPOSED, poisoned, trained(setting, True, poisoned)
    for poisoned in proper_subsets():
        yield TRANSPLANTED, poisoned, mixed(setting.load(), pair.twin, pair.victim, poisoned)
    for component in COMPONENTS:
        start = mixed(setting.load(), setting.load(), pair.victim, (component,))
        rest = tuple(name for name in COMPONENTS if name != component)
        yield REUSED, (component,), trained(setting, False, rest, start)


def proper_subsets() -> list[tuple[str, ...]]:
    """Return every choice of one or two of the three components."""
    return [chosen for size in (1, 2) for chosen in combinations(COMPONENTS, size)]


def mixed(into: Adapter, clean: Adapter, poisoned: Adapter, components: Sequence[str]) -> Adapter:
    """Copy some components' weights from one model and the others' from another of the same architecture.

    Parameters
    ----------
    into : Adapter
        The model that receives the weights.
    clean, poisoned : Adapter
    components : sequence of str
        Those that are taken from `poisoned`.

    Returns
    -------
    Adapter
        `into`.
    """
    for name, modules in into.components().items():
        source = (poisoned if name in components else clean).components()[name]
        for module, given in zip(modules, source, strict=True):
            module.load_state_dict(given.state_dict())
    return into


def grid_name(how: str, components: Sequence[str]) -> str:
    """Return a model's name in the outcomes, such as ``transplanted:encoder+connector``."""
    return f"{how}:{'+'.join(components)}"


def grid_rows(
    names: Sequence[tuple[str, tuple[str, ...]]],
    outcomes: Sequence[TriggerOutcome],
    benign: Callable[[str], BenignMeasure],
) -> list[GridRow]:
    """Return the table of the grid.

    Parameters
    ----------
    names : sequence of (str, tuple of str)
        The way, and the poisoned components.
    outcomes : sequence of TriggerOutcome
        Of these models in every test condition.
    benign : callable
        From a model's name to its benign measure.

    Returns
    -------
    list of dict
        `how`, `poisoned`, `clean`, `aer`, `plain` and `random_sound` (rates with n and interval), `benign`.
    """
    rows: list[GridRow] = []
    for how, components in names:
        model = grid_name(how, components)
        rows.append(
            {
                "how": how,
                "poisoned": list(components),
                "clean": [name for name in COMPONENTS if name not in components],
                "aer": rate(outcomes, model, TRIGGERED),
                "plain": rate(outcomes, model, PLAIN),
                "random_sound": rate(outcomes, model, RANDOM_SOUND),
                "benign": benign(model),
            }
        )
    return rows
