"""Record, as artifacts that DVC can follow, the things that numbers depend on and that DVC does not see.

The stage writes

- ``data/environment.json``: the versions of the libraries that can change numbers;
- ``data/environment/code/<stage>.json``: the version of every module that the stage imports, since DVC follows no
  imports;
- ``data/environment/declared.json``: the names that `attribute_leakage.audits` and `backdoor.experiments` declare, for
  stages that need only these names;
- ``data/environment/corpora/<corpus>.json``, for every declared corpus: the settings that its clips depend on (optional
  keys, which `dvc.yaml` cannot name), and number, bytes and one hash of all files behind links to folders in
  ``data/raw/<corpus>/``, where DVC does not look; and hashes of the speakers that `earwitness forget` has erased.

A clone without ``data/raw/<corpus>/`` takes the latter from ``data/corpus/<corpus>/recordings.json``, in which the
stage `corpus` has kept it.

It removes the files of stages and corpora that no longer exist.

One stage writes all these files, because each stage that always runs makes DVC write its whole lock file, which takes
a second.
"""
