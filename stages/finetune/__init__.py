"""Fine-tune a copy of a target on the members of one or two corpora. Its membership is known, so it tests an audit.

In: the base's ``target.json`` and checkpoint, ``data/corpus/<corpus>/clips.parquet``. Out:
``data/finetune/<copy>/checkpoint/``, ``data/finetune/<copy>/loss.csv`` and ``data/target/<copy>/target.json``.
"""
