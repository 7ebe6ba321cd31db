"""Make visible to DVC what it cannot see and numbers depend on.

Out go ``data/environment.json``, the versions of the libraries that can change numbers, and for every declared corpus
``data/environment/links/<corpus>.json``: path, size and content hash of each file behind a link to a folder in
``data/raw/<corpus>/``, where DVC does not look. One stage holds both, because each stage that always runs makes DVC
write its whole lock file, which takes a second.
"""
