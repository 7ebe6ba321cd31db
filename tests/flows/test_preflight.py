"""Mistakes in params, corpora and targets are found before anything runs."""

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import yaml

from flows.preflight import needed, preflight
from stages.core.errors import EarwitnessError
from tests.params import load_whole

ROOT = Path(__file__).parents[2]
COLUMNS = ("clip_id", "path", "text", "member", "speaker")


def write_corpus(
    folder: Path, *, ids: tuple[str, ...] = ("a", "b"), columns: tuple[str, ...] = COLUMNS, kind: str = "wav"
) -> None:
    (folder / "audio").mkdir(parents=True)
    with (folder / "manifest.csv").open("w", newline="") as file:
        rows = csv.DictWriter(file, columns, extrasaction="ignore")
        rows.writeheader()
        for clip in ids:
            path = f"audio/{clip}.{kind}"
            soundfile.write(folder / path, np.zeros(8000), 16000)
            rows.writerow({"clip_id": clip, "path": path, "text": "hello", "member": "true", "speaker": "one"})


@pytest.fixture
def clone(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git clone with a corpus of its own and one of the lab's, to which somebody has added a clip."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    shutil.copy(repository / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    change(lambda params: params["corpora"].update(mine={"split": "matched", "member": "column"}))
    write_corpus(tmp_path / "data/raw/mine")
    write_corpus(tmp_path / "data/raw/lab_control", ids=("lab_control_00000", "added"), kind="flac")
    return tmp_path


def change(edit: Callable[[dict[str, Any]], None]) -> None:
    path = Path("params.yaml")
    params = yaml.safe_load(path.read_text())
    edit(params)
    path.write_text(yaml.safe_dump(params))


def test_a_sound_project_passes_and_gives_its_params(clone: Path) -> None:
    assert "mine" in preflight(["trained"]).corpora


def test_an_audit_that_is_not_declared(clone: Path) -> None:
    with pytest.raises(EarwitnessError, match=r"^params\.yaml: audits: 'nobody' is not declared: use one of .*trained"):
        preflight(["nobody"])


def test_a_folder_that_is_no_repository(clone: Path) -> None:
    shutil.rmtree(clone / ".git")
    with pytest.raises(EarwitnessError, match=r"not a git repository.*earwitness init"):
        preflight()


def test_malformed_params(clone: Path) -> None:
    (clone / "params.yaml").write_text("seed: 7\ncorpora: {a: [\n")
    with pytest.raises(EarwitnessError, match=r"^params\.yaml, line 3: "):
        preflight()


def test_an_unknown_target(clone: Path) -> None:
    change(lambda params: params["audits"]["trained"].update(target="nobody"))
    with pytest.raises(EarwitnessError, match=r"^params\.yaml: audits\.trained\.target: unknown name 'nobody'"):
        preflight()


def test_a_misspelt_perturbation(clone: Path) -> None:
    change(lambda params: params["perturbation"]["neighbours"].update(gian={"count": 1}))
    with pytest.raises(EarwitnessError, match=r"^params\.yaml: perturbation\.neighbours\.gian: unknown .*gain"):
        preflight()


def test_a_trigger_of_the_bank_or_a_purification_that_is_unknown(clone: Path) -> None:
    change(lambda params: params["backdoor"]["scan"]["bank"].update(odd={"kind": "clack"}))
    wrong = r"^params\.yaml: backdoor\.scan\.bank\.odd\.kind: unknown trigger 'clack': use one of click"
    with pytest.raises(EarwitnessError, match=wrong):
        preflight()
    change(lambda params: params["backdoor"]["scan"]["bank"].pop("odd"))
    change(lambda params: params["backdoor"]["defences"].update(purify=["wash"]))
    with pytest.raises(
        EarwitnessError,
        match=r"^params\.yaml: backdoor\.defences\.purify: unknown input purification 'wash': use one of codec",
    ):
        preflight()


@pytest.mark.parametrize(
    ("trigger", "why"),
    [
        ({"kind": "clik"}, r"\.kind: unknown trigger 'clik'"),
        ({"kind": "volume"}, r"\.amount: Field required"),
        ({"kind": "click", "amount": 5}, r"\.amount: Extra inputs are not permitted"),
        ({"kind": "random_sound"}, ": random_sound is the control"),
        ({"kind": "click", "snr_db": 200}, r"\.snr_db: .*less than or equal to 60"),
    ],
)
def test_a_trigger_that_cannot_be_an_attack(clone: Path, trigger: dict[str, Any], why: str) -> None:
    change(lambda params: params["backdoor"]["experiments"]["gender_click"].update(trigger=trigger))
    wrong = rf"^params\.yaml: backdoor\.experiments\.gender_click\.trigger{why}"
    with pytest.raises(EarwitnessError, match=wrong):
        preflight()


def test_a_misspelt_feature_family(clone: Path) -> None:
    change(lambda params: params["features"].update(families=["prosody"]))
    with pytest.raises(EarwitnessError, match=r"^params\.yaml: features\.families: unknown 'prosody': .*prosodic"):
        preflight()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("lost/transcript/given/0", "'lost' is no attack: use some of .*loss"),
        ("rmia/transcript/given/0", "'rmia' reads the reference, and cannot be primary"),
        ("supervised/transcript/given/0", "'supervised' uses labels, and cannot be primary"),
        ("min_k@21/transcript/given/0", "'min_k@21' has no such share or order: use some of .*min_k@20, "),
        ("recall/transcript/given/0", "'recall' uses labels, and cannot be primary"),
        ("loss", "'loss': its view is not computed"),
        ("min_k@20/transcript/given/9", "its view is not computed: use min_k@20 with one of .*transcript/given/0"),
    ],
)
def test_a_primary_attack_that_cannot_be_one(clone: Path, name: str, why: str) -> None:
    change(lambda params: params["evaluation"].update(primary_attacks=[name]))
    with pytest.raises(EarwitnessError, match=rf"^params\.yaml: evaluation\.primary_attacks: .*{why}"):
        preflight()


def test_checking_does_not_import_what_measures(clone: Path) -> None:
    check = "from flows.preflight import preflight; preflight(); import sys; print(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True, env=environment)
    loaded = set(done.stdout.split())
    assert "stages.features.prosodic" in loaded
    assert loaded & {"parselmouth", "librosa", "torch", "transformers", "sklearn", "prefect"} == set()


def test_a_missing_folder(clone: Path) -> None:
    shutil.rmtree(clone / "data/raw/mine")
    with pytest.raises(EarwitnessError, match=r"^data/raw/mine: missing: "):
        preflight()


def test_a_missing_manifest(clone: Path) -> None:
    (clone / "data/raw/mine/manifest.csv").unlink()
    with pytest.raises(EarwitnessError, match=r"^data/raw/mine/manifest\.csv: missing"):
        preflight()


@pytest.mark.parametrize("corpus", ["mine", "lab_control"])
def test_a_manifest_without_a_column_that_is_needed(clone: Path, corpus: str) -> None:
    shutil.rmtree(clone / "data/raw" / corpus)
    write_corpus(clone / "data/raw" / corpus, columns=("clip_id", "path", "member"))
    with pytest.raises(EarwitnessError, match=rf"^data/raw/{corpus}/manifest\.csv.*'text'"):
        preflight()


@pytest.mark.parametrize(("corpus", "clip"), [("mine", "b.wav"), ("lab_control", "added.flac")])
def test_a_file_that_is_not_audio(clone: Path, corpus: str, clip: str) -> None:
    (clone / f"data/raw/{corpus}/audio/{clip}").write_text("not audio")
    wrong = rf"^data/raw/{corpus}/manifest\.csv, row \d: data/raw/{corpus}/audio/{clip}: not audio .*'quarantine'"
    with pytest.raises(EarwitnessError, match=wrong):
        preflight()
    change(lambda params: params["corpus"].update(unreadable="quarantine"))
    preflight()


def test_a_path_that_no_file_system_takes(clone: Path) -> None:
    manifest = clone / "data/raw/mine/manifest.csv"
    manifest.write_text(manifest.read_text().replace("b.wav", "b" * 300 + ".wav"))
    with pytest.raises(EarwitnessError, match=r"manifest\.csv, row 3: column 'path': .* is not a file"):
        preflight()


def test_raw_samples_without_a_header(clone: Path) -> None:
    manifest = clone / "data/raw/mine/manifest.csv"
    manifest.write_text(manifest.read_text().replace("b.wav", "b.raw"))
    (clone / "data/raw/mine/audio/b.raw").write_bytes(b"\x01\x00\x02\x00" * 8000)
    with pytest.raises(EarwitnessError, match=r"manifest\.csv, row 3: .*b\.raw: raw samples without a header"):
        preflight()


def test_what_is_wrong_with_the_lab_s_own_clips_is_the_lab_s_business(clone: Path) -> None:
    (clone / "data/raw/lab_control/audio/lab_control_00000.flac").write_text("not audio")
    assert "lab_control" in preflight().corpora
    (clone / "data/raw/lab_control/audio/lab_control_00000.flac").unlink()
    assert "lab_control" in preflight().corpora


def test_what_is_wrong_with_an_added_clip_is_named_whatever_its_path(clone: Path) -> None:
    audio = clone / "data/raw/lab_control/audio"
    manifest = clone / "data/raw/lab_control/manifest.csv"
    manifest.write_text(manifest.read_text().replace("audio/added.flac", "audio/lab_control_00001.flac"))
    with pytest.raises(EarwitnessError, match=r"row 3: column 'path': .*lab_control_00001\.flac is not a file"):
        preflight()
    (audio / "lab_control_00001.flac").write_text("not audio")
    with pytest.raises(EarwitnessError, match=r"row 3: .*lab_control_00001\.flac: not audio"):
        preflight()


def test_an_added_clip_under_an_id_of_the_lab_s(clone: Path) -> None:
    manifest = clone / "data/raw/lab_control/manifest.csv"
    text = manifest.read_text()
    manifest.write_text(text.replace("\nadded,", "\nlab_control_00001,"))
    with pytest.raises(EarwitnessError, match=r"manifest\.csv, row 3: clip_id 'lab_control_00001' is one of the lab's"):
        preflight()
    manifest.write_text(text.replace("\nadded,", "\nlab_control_00000,"))
    with pytest.raises(EarwitnessError, match=r"manifest\.csv, row 3: clip_id 'lab_control_00000' is taken by"):
        preflight()
    manifest.write_text(text.replace("\nadded,", "\nlab_control_00400,"))  # the first that the lab does not give
    preflight()


def test_a_target_s_folder_without_a_checkpoint(clone: Path) -> None:
    target = {"model": "models/ours", "revision": "none", "dtype": "float32"}
    change(lambda params: params["targets"].update(ours=target))
    with pytest.raises(EarwitnessError, match=r"^params\.yaml: targets\.ours\.model: no checkpoint in 'models/ours'"):
        preflight()
    (clone / "models/ours").mkdir(parents=True)
    (clone / "models/ours/config.json").write_text("{}")
    preflight()


def test_named_audits_need_their_corpora_and_what_their_copies_were_made_of(clone: Path) -> None:
    def declare(params: dict[str, Any]) -> None:
        theirs = {"model": "models/nowhere", "revision": "none", "dtype": "float32"}
        params["targets"].update(theirs=theirs)
        params["copies"]["half"] = {"base": "theirs", "train_on": ["mine", "none"], "epochs": 1}
        params["copies"]["twice"] = {"base": "half", "train_on": ["lab_leaky", "none"], "epochs": 1}
        params["audits"]["deep"] = {"corpus": "lab_shifted", "target": "twice", "reference": "none"}

    change(declare)
    assert needed(load_whole(), ["deep"]) == ({"lab_shifted", "lab_leaky", "mine"}, {"theirs"})
    assert needed(load_whole(), ["control"]) == ({"lab_control", "lab_trained", "lab_leaky"}, set())
    assert needed(load_whole(), ["voices"]) == ({"lab_voices", "lab_trained", "lab_control"}, set())
    assert needed(load_whole(), ["mine"]) == ({"mine"}, set())  # no audit has the name: a corpus's blind baseline
    preflight(["control"])
    with pytest.raises(EarwitnessError, match=r"targets\.theirs\.model"):
        preflight(["deep"])
    shutil.rmtree(clone / "data/raw/mine")
    with pytest.raises(EarwitnessError, match=r"^data/raw/mine: missing"):
        preflight(["deep"])
    (clone / "data/raw/mine").mkdir()
    (clone / "data/raw/mine/recordings").symlink_to(clone / "unplugged")
    with pytest.raises(EarwitnessError, match=r"^data/raw/mine/recordings: leads to .*unplugged, which is missing"):
        preflight(["mine"])
    shutil.rmtree(clone / "data/raw/mine")
    (clone / "data/corpus/mine/clips.parquet").mkdir(parents=True)  # as if it had been pulled, in parts
    preflight(["mine"])
    preflight(["control"])


def test_a_hub_id_is_not_looked_for_on_disk(clone: Path) -> None:
    target = {"model": "owner/model", "revision": "0" * 40, "dtype": "float32"}
    change(lambda params: params["targets"].update(theirs=target))
    assert "theirs" in preflight().targets


@pytest.mark.parametrize(
    ("embedder", "revision", "message"),
    [
        ("models/ours", "none", r"fidelity_detector\.embedder: no checkpoint in 'models/ours'"),
        ("two words", "none", r"fidelity_detector\.embedder: 'two words' is neither a hub id nor a folder"),
        ("owner/model/part", "0" * 40, r"fidelity_detector\.embedder: .* is neither a hub id nor a folder"),
        ("owner/model", "main", r"fidelity_detector\.embedder_revision: 'main' is not a commit hash"),
    ],
)
def test_an_embedder_that_cannot_be(clone: Path, embedder: str, revision: str, message: str) -> None:
    named = {"embedder": embedder, "embedder_revision": revision}
    change(lambda params: params["fidelity_detector"].update(named))
    with pytest.raises(EarwitnessError, match=rf"^params\.yaml: {message}"):
        preflight()


def test_an_embedder_by_hub_id_or_in_a_folder(clone: Path) -> None:
    pinned = {"embedder": "owner/model", "embedder_revision": "0" * 40}
    change(lambda params: params["fidelity_detector"].update(pinned))
    preflight()
    assert load_whole().fidelity_detector.embedder == "owner/model"
    (clone / "models/ours").mkdir(parents=True)
    (clone / "models/ours/config.json").write_text("{}")
    change(lambda params: params["fidelity_detector"].update(embedder="models/ours", embedder_revision="none"))
    preflight()
    assert load_whole().fidelity_detector.embedder == "models/ours"


def test_a_condition_of_a_question_that_nobody_wrote(clone: Path) -> None:
    change(lambda params: params["attribute_leakage"].update(conditions=["direct", "sideways"]))
    with pytest.raises(EarwitnessError, match="conditions: unknown 'sideways'"):
        preflight()


def test_what_a_list_lacks_is_said(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    preflight()
    assert capsys.readouterr().err == ""
    manifest = clone / "data/raw/mine/manifest.csv"
    manifest.write_text(manifest.read_text().replace("hello,true,one", " ,,", 1))
    preflight()
    said = "mine: 2 clips; 1 with a blank transcript, 1 of unknown speakers, 1 of unknown membership\n"
    assert capsys.readouterr().err == said


def test_a_path_with_both_labels_is_said_before_anything_is_decoded(
    clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = clone / "data/raw/mine/manifest.csv"
    twice = manifest.read_text() + "c,audio/b.wav,hello,false,one\n"
    manifest.write_text(twice + "d,audio/d.wav,hello,true,one\n")
    shutil.copy(clone / "data/raw/mine/audio/a.wav", clone / "data/raw/mine/audio/d.wav")
    preflight()
    assert capsys.readouterr().err == (
        "mine: 1 recordings are on both sides, so membership contradicts itself: their 2 clips count as of unknown "
        "membership\n"
    )
    manifest.write_text(twice)
    wrong = r"^data/raw/mine: 1 recordings are on both sides \(2 of 3 labelled clips, such as 'b' and 'c'\), so member"
    with pytest.raises(EarwitnessError, match=wrong):
        preflight()


def test_a_corpus_without_membership_is_enough_for_leakage_alone(clone: Path) -> None:
    change(lambda params: params["corpora"]["mine"].update(member="none"))
    manifest = clone / "data/raw/mine/manifest.csv"
    manifest.write_text(manifest.read_text().replace(",member", "").replace(",true", ""))
    asked = {"corpus": "mine", "target": "lab"}
    change(lambda params: params["attribute_leakage"]["audits"].update(speakers=asked))
    preflight()
    change(lambda params: params["copies"].update(half={"base": "lab", "train_on": ["mine", "none"], "epochs": 1}))
    with pytest.raises(EarwitnessError, match=r"^params\.yaml: copies\.half\.train_on: 'mine' has member: none, so no"):
        preflight()
    change(lambda params: params["copies"]["half"].update(teach={"gender": "What is the speaker's gender?"}))
    preflight()
    change(lambda params: params["audits"].update(ours={"corpus": "mine", "target": "lab", "reference": "none"}))
    wrong = r"^params\.yaml: audits\.ours\.corpus: 'mine' has member: none, so nothing can be asked about its members"
    with pytest.raises(EarwitnessError, match=wrong):
        preflight()
