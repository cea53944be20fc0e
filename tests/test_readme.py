"""What README.md, CONTRIBUTING.md and docs tell a reader to type exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
from markdown_it import MarkdownIt

from deepcoder_cli.main import app

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "CHANGELOG.md",
        *ROOT.glob("docs/**/*.md"),
    ]
)
SHELLS = {"", "sh", "bash", "shell", "console"}
COMMANDS = getattr(typer.main.get_command(app), "commands", {})
VERBS = {
    (group, verb): command
    for group, found in COMMANDS.items()
    for verb, command in getattr(found, "commands", {}).items()
}
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s#]+)(?:#[^)]*)?\)")


def typed_lines(page: Path) -> list[str]:
    """What the page's shell blocks, fenced or indented, and its inline code tell to type."""
    return lines_to_type(page.read_text(encoding="utf-8"))


def lines_to_type(text: str) -> list[str]:
    """The lines of code of a Markdown text, without prompts and trailing comments.

    A paragraph that begins with "Not here yet" names what cannot be typed so far.
    """
    tokens = MarkdownIt("commonmark").parse(text)
    tokens = [token for token in tokens if not token.content.startswith("Not here yet")]
    inline = [child for token in tokens for child in token.children or ()]
    code = [token.content for token in inline if token.type == "code_inline"]
    code += [token.content for token in tokens if token.type == "code_block"]
    code += [t.content for t in tokens if t.type == "fence" and t.info.strip() in SHELLS]
    lines = [line for block in code for line in block.splitlines()]
    return [re.sub(r"\s+#\s.*", "", line).strip().removeprefix("$ ") for line in lines]


def commands_in(line: str) -> list[list[str]]:
    """The words of every `deepcoder COMMAND …` in a line of shell."""
    found = re.findall(r"(?:^|[|;&] ?|\$\()deepcoder ([a-z]+(?: [^|;&]*)?)", line)
    return [re.split(r"\s+", words.strip()) for words in found]


def test_indented_blocks_are_read_and_their_comments_left_out() -> None:
    text = (
        "Type\n\n    make demo    # installs\n\nor `deepcoder run x`\n\n```sh\n$ make test\n```\n"
    )

    assert sorted(lines_to_type(text)) == ["deepcoder run x", "make demo", "make test"]


def name(page: Path) -> str:
    """The page's path from the root."""
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_deepcoder_command_on_the_page_exists(page: Path) -> None:
    named = {
        " ".join(words[: 1 + is_group(words[0])])
        for line in typed_lines(page)
        for words in commands_in(line)
    }

    assert named - set(COMMANDS) - {f"{group} {verb}" for group, verb in VERBS} == set()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_flag_of_a_command_on_the_page_exists(page: Path) -> None:
    unknown = [
        (words[0], flag)
        for line in typed_lines(page)
        for words in commands_in(line)
        for flag in (word.partition("=")[0] for word in words[1:])
        if re.fullmatch(r"--[a-z-]+|-[a-z]", flag) and flag not in flags_of(words)
    ]

    assert unknown == []


def is_group(command: str) -> bool:
    """Whether `deepcoder COMMAND` has verbs of its own."""
    return any(group == command for group, _ in VERBS)


def flags_of(words: list[str]) -> set[str]:
    """The flags that `deepcoder COMMAND`, or `deepcoder GROUP VERB`, takes."""
    verb = words[1] if len(words) > 1 else ""
    parameters = getattr(VERBS.get((words[0], verb), COMMANDS.get(words[0])), "params", [])
    return {"--help", "-h", *(flag for parameter in parameters for flag in parameter.opts)}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_make_target_on_the_page_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+)(?=[a-z -]*:)", makefile, re.MULTILINE))
    found = (re.match(r"make ([a-z-]+)\b", line) for line in typed_lines(page))
    named = {match[1] for match in found if match}

    assert named - targets == set()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_relative_link_on_the_page_leads_to_a_file(page: Path) -> None:
    targets = [match["target"] for match in LINK.finditer(page.read_text(encoding="utf-8"))]
    local = [target for target in targets if "://" not in target]

    assert [target for target in local if not (page.parent / target).exists()] == []


def test_the_readme_names_the_two_commands() -> None:
    lines = typed_lines(ROOT / "README.md")

    assert {"make demo", "make test"} <= set(lines)


def test_the_index_of_the_documentation_lists_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}

    assert {page for page in pages if f"]({page})" not in index} == set()
