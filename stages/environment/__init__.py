"""Make visible to DVC what it cannot see and numbers depend on.

Out go

- ``data/environment.json``: the versions of the libraries that can change numbers;
- ``data/environment/code/<stage>.json``: the version of every module that the stage imports, since DVC follows no
  imports;
- ``data/environment/declared.json``: the names that `attribute_leakage.audits` and `backdoor.experiments` declare, for
  whoever needs no more of them;
- ``data/environment/links/<corpus>.json``, for every declared corpus: path, size and content hash of each file behind
  a link to a folder in ``data/raw/<corpus>/``, where DVC does not look.

What stages and corpora left behind that are no longer there is removed.

One stage writes all of them, because each stage that always runs makes DVC write its whole lock file, which takes a
second.
"""
