"""Every page, anchor, file, module and command that the docs name exists."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from flows.command_line import parser

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]

FOREIGN = frozenset({"build"})
"""Modules that a page runs and the environment need not have."""

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
CODE_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE_SPAN = re.compile(r"`[^`]*`")
OURS = r"(?:stages|flows|tests)"
FILE = re.compile(rf"(?<![\w/.]){OURS}/[\w./*<>-]*")
MODULE = re.compile(rf"(?<![\w/.]){OURS}(?:\.\w+)+")
COMMAND = re.compile(r"\bpython\s+-m\s+([\w.]+)")
EARWITNESS = re.compile(r"(?:^|`|&& )earwitness ([a-z]+)", re.MULTILINE)
MENTION = re.compile(r"\bdocs/[\w/]+\.(?:md|yaml)\b")


@cache
def prose(page: Path) -> str:
    """Return a page without its blocks of code, whose comments look like headings."""
    return CODE_BLOCK.sub("", page.read_text(encoding="utf-8"))


@cache
def anchors(page: Path) -> frozenset[str]:
    """Return the anchors that GitHub gives a page's headings."""
    found: Counter[str] = Counter()
    names = set()
    for heading in HEADING.findall(prose(page)):
        text = LINK.sub(lambda link: link[0][1:].partition("]")[0], heading)
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        names.add(f"{slug}-{found[slug]}" if found[slug] else slug)
        found[slug] += 1
    return frozenset(names)


def dead_links(page: Path) -> Iterator[str]:
    for link in LINK.findall(CODE_SPAN.sub("", prose(page))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        goal = (page.parent / path).resolve() if path else page
        if not goal.exists() or (anchor and goal.suffix == ".md" and anchor not in anchors(goal)):
            yield link


def dead_paths(text: str) -> Iterator[str]:
    for path in FILE.findall(text):
        named = path.rstrip("./")
        if not re.search(r"[*<>]", named) and not (ROOT / named).exists():
            yield path


def is_module_or_in_one(name: str) -> bool:
    """Tell whether a dotted name is a module, or is written in the module that its parent is."""
    path = ROOT.joinpath(*name.split("."))
    if path.with_suffix(".py").is_file() or path.is_dir():
        return True
    parent = path.parent / "__init__.py" if path.parent.is_dir() else path.parent.with_suffix(".py")
    return parent.is_file() and re.search(rf"\b{path.name}\b", parent.read_text(encoding="utf-8")) is not None


def dead_modules(text: str) -> Iterator[str]:
    yield from (name for name in MODULE.findall(text) if not is_module_or_in_one(name))


def runs(module: str) -> bool:
    """Tell whether ``python -m`` finds a module. Ours are looked up as files, since a search would import them."""
    path = ROOT.joinpath(*module.split("."))
    if re.match(rf"{OURS}\b", module):
        return path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()
    return find_spec(module.partition(".")[0]) is not None


def has_command(name: str) -> bool:
    """Tell whether ``earwitness NAME`` is a command."""
    with pytest.raises(SystemExit) as stopped:
        parser().parse_args([name, "--help"])
    return stopped.value.code == 0


def dead_commands(text: str) -> Iterator[str]:
    yield from (module for module in COMMAND.findall(text) if not runs(module))
    code = "\n".join(CODE_BLOCK.findall(text) + CODE_SPAN.findall(CODE_BLOCK.sub("", text)))
    yield from (f"earwitness {name}" for name in sorted(set(EARWITNESS.findall(code))) if not has_command(name))


@pytest.mark.parametrize("name", [*NAMES, "CHANGELOG.md"])
def test_every_relative_link_and_anchor_exists(name: str) -> None:
    assert list(dead_links(ROOT / name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_file_module_and_command_exists(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert {*dead_paths(text), *dead_modules(text), *dead_commands(text)} - FOREIGN == set()


def test_the_index_names_every_page_and_fragment() -> None:
    index = DOCS / "README.md"
    linked = {(DOCS / link.partition("#")[0]).resolve() for link in LINK.findall(prose(index))}
    there = {path for path in DOCS.rglob("*") if path.suffix in {".md", ".yaml"}} - {index}
    assert sorted(there - linked) == []


def test_every_page_that_the_code_names_exists() -> None:
    files = [path for room in ("stages", "flows", "tests") for path in (ROOT / room).rglob("*.py")]
    files += [*DOCS.glob("*.yaml"), ROOT / "params.yaml", ROOT / "dvc.yaml", ROOT / "Makefile"]
    mentions = {mention for path in files for mention in MENTION.findall(path.read_text(encoding="utf-8"))}
    assert "docs/backdoors.yaml" in mentions
    assert [mention for mention in sorted(mentions - FOREIGN) if not (ROOT / mention).exists()] == []


def test_what_does_not_exist_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A title, twice\n[x](gone.md) [y](#a-title-twice) [z](page.md#gone)\n```\n# no heading\n```\n")
    assert list(dead_links(page)) == ["gone.md", "page.md#gone"]
    assert anchors(page) == {"a-title-twice"}
    assert list(dead_paths("`stages/gone.py`, `stages/attacks/loss.py`, stages/<name>/")) == ["stages/gone.py"]
    assert list(dead_modules("stages.attacks.score, stages.attacks.gone, `flows.schedule`")) == ["stages.attacks.gone"]
    commands = "python -m stages.attacks, python -m stages.core, python\n-m gone, `earwitness audit`, `earwitness gone`"
    assert list(dead_commands(commands)) == ["stages.core", "gone", "earwitness gone"]
