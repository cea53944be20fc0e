"""The contract of errors: stable codes, documented exit codes, one line for people."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pytest

from deepcoder_cli import errors
from deepcoder_cli.errors import DeepcoderError
from deepcoder_cli.result import emit_error

EXIT_CODES_PAGE = Path(__file__).parent.parent / "docs" / "exit-codes.md"
RESULTS = {errors.EXIT_OK: 0, errors.EXIT_NONE_PASSES: 1, errors.EXIT_UNTESTED: 3}


def error_classes() -> list[type[DeepcoderError]]:
    """Every error the module defines, the base included."""
    found = inspect.getmembers(errors, inspect.isclass)
    return [kind for _, kind in found if issubclass(kind, DeepcoderError)]


CLASSES = error_classes()


def test_codes_and_exit_codes_are_these() -> None:
    """Scripts key on them: a change here breaks somebody."""
    assert {kind.__name__: (kind.code, kind.exit_code) for kind in CLASSES} == {
        "DeepcoderError": ("internal", 70),
        "EndpointError": ("bad-endpoint", 9),
        "EndpointUnavailable": ("endpoint-unavailable", 9),
        "EngineCrashed": ("engine-crashed", 5),
        "InputError": ("bad-input", 2),
        "Interrupted": ("interrupted", 130),
        "ModelError": ("bad-model", 5),
        "OutputError": ("cannot-write", 6),
        "SandboxUnavailable": ("no-sandbox", 4),
        "SessionError": ("bad-session", 8),
        "TerminalError": ("bad-terminal", 7),
        "ToolchainMissing": ("no-toolchain", 4),
    }


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in CLASSES]

    assert len(set(codes)) == len(codes)


def test_no_error_exits_with_the_code_of_a_result() -> None:
    assert {kind.exit_code for kind in CLASSES} & set(RESULTS) == set()


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_the_tree_in_the_docstring_names_each_error_with_its_codes(
    kind: type[DeepcoderError],
) -> None:
    row = re.search(rf"\b{kind.__name__}\s+(\S+)\s+(\d+)", errors.__doc__ or "")

    assert row is not None
    assert row.groups() == (kind.code, str(kind.exit_code))


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_the_page_on_exit_codes_lists_each_error(kind: type[DeepcoderError]) -> None:
    page = EXIT_CODES_PAGE.read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if f"`{kind.code}`" in line]

    assert rows, f"docs/exit-codes.md does not mention `{kind.code}`"
    assert any(re.search(rf"\b{kind.exit_code}\b", row) for row in rows)


@pytest.mark.parametrize("code", RESULTS)
def test_the_page_on_exit_codes_lists_each_result(code: int) -> None:
    page = EXIT_CODES_PAGE.read_text(encoding="utf-8")

    assert re.search(rf"^\|\s*`?{code}`?\s*\|", page, re.MULTILINE)


def test_an_error_is_one_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    emit_error(errors.InputError("cannot read:\n  two\tlines"), as_json=False)

    captured = capsys.readouterr()
    assert captured.err == "deepcoder: cannot read: two lines\n"
    assert captured.out == ""


def test_with_json_an_error_is_also_an_object_with_its_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    emit_error(errors.ModelError("no such model: x"), as_json=True)

    assert json.loads(capsys.readouterr().out) == {
        "schema": 1,
        "error": {"code": "bad-model", "message": "no such model: x"},
    }
