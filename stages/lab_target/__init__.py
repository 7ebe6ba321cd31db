"""The lab's base model: a small Qwen2-Audio, trained from scratch on the lab's pool.

In: ``data/raw/lab_pool/`` and `params.yaml: lab_target`. Out: ``data/lab_target/checkpoint/``,
``data/lab_target/loss.csv`` and ``data/target/lab_base/target.json``.
"""
