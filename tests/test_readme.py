"""What README.md, CONTRIBUTING.md and docs tell a reader to type exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from deepcoder_cli.extract import code_blocks
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
COMMANDS = set(getattr(typer.main.get_command(app), "commands", {}))
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s#]+)(?:#[^)]*)?\)")


def typed_lines(page: Path) -> list[str]:
    """The lines of the page's shell blocks and its inline code, prompts left out."""
    text = page.read_text(encoding="utf-8")
    blocks = [block.code for block in code_blocks(text) if block.language in SHELLS]
    lines = [line for block in blocks for line in block.splitlines()]
    inline = re.findall(r"`([^`\n]+)`", text)
    return [line.strip().removeprefix("$ ") for line in [*lines, *inline]]


def name(page: Path) -> str:
    """The page's path from the root."""
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_deepcoder_command_on_the_page_exists(page: Path) -> None:
    found = (re.match(r"deepcoder ([a-z]+)\b", line) for line in typed_lines(page))
    named = {match[1] for match in found if match}

    assert named - COMMANDS == set()


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
