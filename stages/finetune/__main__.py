"""``python -m stages.finetune --copy NAME``: base and members → a trained copy and its record."""

from __future__ import annotations

import torch

from stages.core.config.nouns import Copy
from stages.core.config.section import NONE
from stages.core.errors import EarwitnessError
from stages.core.run.randomness import seed_of
from stages.core.run.stage import require_declared, run_stage
from stages.core.store.jsonfile import artifact
from stages.core.store.rowcache import row_key
from stages.finetune.members import member_queries, question_queries
from stages.finetune.params import FinetuneParams
from stages.models.adapter import Query
from stages.models.checkpoint import keep_trained
from stages.models.loading import load_adapter
from stages.models.record import read_record
from stages.models.training import Recipe, shuffled_batches, train, training_key


def work(name: str, params: FinetuneParams) -> None:
    """Train one copy."""
    require_declared(dict(params.copies), "copies", name)
    copy = params.copies[name]
    base = read_record(copy.base)
    queries = _lessons(name, copy)
    recipe = Recipe(params.finetune.learning_rate, params.finetune.method, seed_of(params.seed, "finetune", name))
    generator = torch.Generator().manual_seed(seed_of(params.seed, "finetune", name, "order"))
    epochs, lengths = [range(len(queries))] * copy.epochs, [len(query.samples) for query in queries]
    batches = shuffled_batches(epochs, lengths, params.finetune.batch_size, generator)
    adapter = load_adapter(base)
    key = training_key(adapter, row_key(base.fingerprint()), queries, batches, recipe)
    losses = train(adapter, queries, batches, recipe, key)
    keep_trained(adapter, name, losses, artifact("finetune", name), params, base.options())


def _lessons(name: str, copy: Copy) -> list[Query]:
    corpora = [corpus for corpus in copy.train_on if corpus != NONE]
    queries = question_queries(corpora, copy.teach) if copy.teach else member_queries(corpora)
    if not queries:
        lacks = f"labels of {', '.join(copy.teach)}" if copy.teach else "members"
        raise EarwitnessError(f"params.yaml: copies.{name}.train_on: has no {lacks}: name a corpus that has some")
    return queries


if __name__ == "__main__":
    run_stage("finetune", work, FinetuneParams, "copy")
