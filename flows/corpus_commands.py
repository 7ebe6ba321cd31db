"""The arguments of the commands about corpora (``add corpus``, ``push``, ``forget``), and what they print."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, TypeAlias

from stages.core.errors import EarwitnessError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from flows.adding import AddedCorpus
    from flows.forgetting import Erasure
    from stages.corpus.survey import Survey

    Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

ADD_CORPUS = "add corpus"
"""The command's name: argparse takes both words as one (`joined`), beside ``add FILE``."""

KEYS = ("member", "split", "source", "revision", "part", "audio", "channel", "unit", "split_at")
"""Options that are keys of `params.yaml: corpora.<name>` under the same name."""


MOST_PATHS = 10
"""Number of recordings that the terminal names."""


def joined(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with ``add corpus`` as one word."""
    words = ADD_CORPUS.split()
    return [ADD_CORPUS, *arguments[2:]] if list(arguments[:2]) == words else list(arguments)


def add_corpus_commands(commands: Commands) -> None:
    """Declare the commands about corpora."""
    _add_corpus(commands)
    _add_push(commands)
    _add_forget(commands)


def _add_corpus(commands: Commands) -> None:
    add = commands.add_parser(
        ADD_CORPUS,
        help="look at a folder of recordings, say what is in it, and add it to params.yaml",
        description="Looks at a folder of recordings and prints what it recognised: the layout, clips, speakers, "
        "hours, clips without a transcript, and what it set aside and why. Then it makes a link to the folder in "
        "data/raw/NAME/ and writes the section corpora.NAME of params.yaml, and audits.NAME if there is a target to "
        "audit. The recordings are neither copied nor changed. If anything is wrong, nothing is changed. "
        "Afterwards 'earwitness audit NAME' runs the audit or, without a target, the blind baseline.",
    )
    add.add_argument(
        "place",
        nargs="?",
        default="",
        metavar="PATH",
        help="the folder; or the id of a data set on the Hugging Face Hub, as owner/name, with --revision",
    )
    add.add_argument("--members", default="", metavar="FOLDER", help="in place of PATH: the folder of the members")
    add.add_argument(
        "--non-members", default="", metavar="FOLDER", help="in place of PATH: the folder of the non-members"
    )
    add.add_argument("--name", default="", help="the corpus's name (default: that of the folder)")
    add.add_argument(
        "--member",
        choices=("column", "folders", "random_half", "none"),
        help="where it is written which clips are members of the training data: in a column 'member' of the list, in "
        "the folders members/ and non_members/, or nowhere, so that a random half is drawn; none draws nothing, which "
        "is enough for audits of leakage (default: what the folder has, else random_half)",
    )
    add.add_argument(
        "--split",
        choices=("randomised", "matched", "post_hoc"),
        help="how members and non-members came to be: by chance, chosen to be alike, or otherwise (default: randomised "
        "for random_half, else post_hoc)",
    )
    add.add_argument("--source", help="the layout of the folder (default: what it looks like)")
    add.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="FIELD=COLUMN",
        help="the column of the list that holds a field, such as text=sentence or speaker=client_id; may be repeated",
    )
    add.add_argument("--revision", metavar="COMMIT", help="the commit of a data set on the Hub")
    add.add_argument("--part", metavar="SPLIT", help="which split of a data set is read, such as test")
    add.add_argument("--audio", choices=("embed", "reference"), help="keep a copy of each sound, or read it in place")
    add.add_argument(
        "--channel", choices=("mix", "first", "loudest", "each"), help="what becomes of several channels (default: mix)"
    )
    add.add_argument(
        "--split-at",
        choices=("none", "silence"),
        help="silence: take the transcript from times beside each recording, and cut long ones between its words "
        "(default: none)",
    )
    add.add_argument(
        "--unit",
        choices=("clip", "sound", "text", "speaker", "session"),
        help="what random_half draws as a whole (default: sound)",
    )
    add.add_argument(
        "--target",
        default="",
        help="also add an audit of this target (default: the only one of params.yaml: targets, if the folder states "
        "membership)",
    )
    add.add_argument("--reference", default="", help="the reference of that audit (default: none)")
    add.add_argument("--dry-run", action="store_true", help="only say what is in the folder; change nothing")
    add.set_defaults(run=print_corpus)


def print_corpus(options: argparse.Namespace) -> None:
    """Add a corpus and print what was found and done."""
    from flows.adding import CorpusRequest, add_corpus

    settings = {key: getattr(options, key) for key in KEYS if getattr(options, key) is not None}
    columns = dict(_pair(given) for given in options.column)
    request = CorpusRequest(
        place=options.place,
        members=options.members,
        non_members=options.non_members,
        name=options.name,
        settings=settings,
        columns=columns,
        target=options.target,
        reference=options.reference,
    )
    added = add_corpus(request, write=not options.dry_run)
    print(*found_lines(added.found), *done_lines(added, dry=options.dry_run), sep="\n")


def _pair(given: str) -> tuple[str, str]:
    field, equals, column = given.partition("=")
    if not (field and equals and column):
        raise EarwitnessError(f"add corpus: --column {given}: write FIELD=COLUMN, such as text=sentence")
    return field, column


def found_lines(found: Survey) -> Iterator[str]:
    """Yield what is in the folder, a line for each thing."""
    from stages.corpus.survey import reason_lines

    about = "" if found.sampled == found.clips else "about "
    hours = (
        "unknown"
        if found.hours is None
        else f"{about}{found.hours:.2g}"
        if found.hours < 1
        else f"{about}{found.hours:.1f}"
    )
    yield f"recognised: {', '.join(found.layouts)}"
    unknown = f"; clips of unknown speakers: {found.unknown_speakers}" if found.unknown_speakers else ""
    people = f"speakers: {found.speakers}{unknown}"
    yield f"clips: {found.clips}; {people}; hours: {hours}; blank transcripts: {found.blank_texts}"
    yield from (f"set aside: {line}" for line in reason_lines(found.set_aside))
    of = f" (of {found.sampled} that were opened)" if about else ""
    yield from (f"cannot be read{of}: {line}" for line in reason_lines(found.unreadable))
    yield from found.notes


def done_lines(added: AddedCorpus, *, dry: bool) -> Iterator[str]:
    """Yield what was changed, what it means, and what to do next."""
    from stages.core.store.jsonfile import artifact

    name, member = added.name, added.corpus["member"]
    if member == "random_half":
        yield (
            "membership: a random half of the clips is drawn, because the folder does not say which are members: train "
            "a copy on that half to see what an audit can find. If you know the members, use --members and "
            "--non-members, or a column 'member'"
        )
    elif member == "none":
        yield "membership: none; the corpus can be used for leakage, and has no blind baseline"
    else:
        yield f"membership: {member}; the split is {added.corpus['split']}"
    if dry:
        yield "nothing was changed (--dry-run)"
        return
    yield from (f"{artifact('raw', name) / link}: leads to {goal}" for link, goal in added.links.items())
    yield f"params.yaml: {'added ' + ', '.join(added.keys) if added.keys else 'has all of it already'}"
    if member == "none":
        yield "Next: ask a target about the speakers (docs/leakage.md)"
        return
    if not added.audit:
        yield "no audit was added: one needs a target (docs/targets.md); the blind baseline needs none"
    yield f"Next: earwitness audit {name}"


def _add_push(commands: Commands) -> None:
    push = commands.add_parser(
        "push",
        help="copy the sounds of a corpus to a DVC remote, which 'dvc push' leaves out",
        description="'dvc push' copies results and models to the project's remote, and leaves out what holds sounds "
        "of people: clips and stored neighbours. This command copies these too, for the corpora that you name. "
        "In another clone, 'dvc pull corpus@CORPUS' then fetches the clips, and audits run there without the "
        "recordings.",
    )
    push.add_argument("corpora", nargs="+", metavar="CORPUS", help="corpora of params.yaml")
    push.add_argument("--remote", default="", metavar="NAME", help="a remote of 'dvc remote list' (default: DVC's)")
    push.set_defaults(run=print_pushed)


def print_pushed(options: argparse.Namespace) -> None:
    """Push the sounds of corpora and print what was pushed."""
    from flows.sharing import push_sounds

    print(*push_sounds(options.corpora, options.remote), sep="\n")


def _add_forget(commands: Commands) -> None:
    forget = commands.add_parser(
        "forget",
        help="remove everything that was made of a corpus, or of a speaker's clips",
        description="Lists what is derived from a corpus, and removes it after you have agreed: clips, neighbours, "
        "features and results, copies of models that were trained on it, audits of these, every version of them in "
        "DVC's cache here, and the caches that do not say whose rows they hold. The corpus and what is derived leave "
        "params.yaml. With --speaker the corpus stays declared, and the next audit makes it again without that "
        "speaker. A record without names stays in data/forgotten/. The command also says what it cannot remove.",
    )
    forget.add_argument("corpus", metavar="CORPUS", help="a corpus of params.yaml")
    forget.add_argument("--speaker", default="", metavar="NAME", help="forget only this speaker, as the list names it")
    forget.add_argument(
        "--recordings",
        action="store_true",
        help="also remove the recordings that lie in data/raw/CORPUS/ itself; those behind links always stay",
    )
    forget.add_argument("--yes", action="store_true", help="do not ask")
    forget.set_defaults(run=print_forgotten)


def print_forgotten(options: argparse.Namespace) -> None:
    """List what is derived from a corpus, ask, remove it, and print what remains."""
    from flows.forgetting import erase, plan_erasure

    found = plan_erasure(options.corpus, options.speaker, recordings=options.recordings)
    print(*erasure_lines(found), sep="\n")
    if not options.yes:
        if not sys.stdin.isatty():
            raise EarwitnessError("forget: nothing was removed: add --yes")
        if input("Remove all of it? [y/N] ").strip().lower() not in ("y", "yes"):
            raise EarwitnessError("forget: nothing was removed")
    record = erase(found)
    print(f"removed; the record is {record}", *remaining_lines(found), sep="\n")


def erasure_lines(found: Erasure) -> Iterator[str]:
    """Yield what will be removed."""
    whose = f" of speaker {found.speaker}" if found.speaker else ""
    yield f"{found.corpus}: {found.clips} clips{whose}"
    for section, names in found.names.items():
        if names and not (found.speaker and section == "corpora"):
            what = "is made again from what is left" if found.speaker else "leaves params.yaml"
            yield f"{section}: {', '.join(sorted(names))}: {what}"
    yield from (f"removes {path}" for path in found.paths)
    yield from (f"removes {path}{_where_it_leads(path)}" for path in found.own)
    yield f"removes {len(found.objects)} objects of DVC's cache"


def _where_it_leads(path: Path) -> str:
    """Return a remark that a link goes and not what lies behind it; blank for a recording."""
    return f" (the link alone: what lies in {path.resolve()} stays)" if path.is_symlink() else ""


def remaining_lines(found: Erasure) -> Iterator[str]:
    """Yield what the command cannot remove."""
    yield "What remains:"
    if found.originals:
        yield f"- {len(found.originals)} original recordings, which are yours to remove:"
        yield from (f"    {path}" for path in found.originals[:MOST_PATHS])
        if len(found.originals) > MOST_PATHS:
            yield f"    and {len(found.originals) - MOST_PATHS} more"
    yield "- lists of recordings with names and transcripts, where the recordings lie"
    yield "- DVC remotes and other clones: run the same command in each clone, then: dvc gc --workspace --cloud"
    yield (
        "- versions in DVC's cache that were replaced before dvc.lock was committed and before a later stage had read "
        "them, if there are any: dvc gc --workspace"
    )
    yield "- in git's history: hashes and sizes in dvc.lock, figures, and params.yaml; no sound, transcript or clip_id"
    yield "- models trained elsewhere, reports that were sent, and backups"
    if found.speaker:
        yield f"Next: earwitness audit, which makes {found.corpus} again without the speaker; then commit"
    else:
        yield "Next: git add -A && git commit"
