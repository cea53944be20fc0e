"""The end of a run says what did not run, and why: a skip must never pass unseen.

With DEEPCODER_REQUIRE_SANDBOX=1 a skip for want of a sandbox, or of the built-in model, fails the
run: the tests that matter most did not run.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

REQUIRE_SANDBOX = "DEEPCODER_REQUIRE_SANDBOX"
REQUIRED = re.compile("no sandbox|working sandbox|built-in model")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run where what is required was skipped."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and _required_but_skipped(reporter) and session.exitstatus == 0:
        session.exitstatus = 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the skipped tests by reason, most frequent first."""
    reasons = _skips(terminalreporter)
    if not reasons:
        return
    terminalreporter.section(f"{reasons.total()} skipped: these behaviours were NOT tested here")
    for reason, count in reasons.most_common():
        terminalreporter.line(f"{count:5d}  {reason}")
    if missed := _required_but_skipped(terminalreporter):
        what = f"{missed} skipped for want of a sandbox or of the built-in model"
        terminalreporter.line(f"FAILED: {what} ({REQUIRE_SANDBOX} is set).", red=True)


def _required_but_skipped(reporter: pytest.TerminalReporter) -> int:
    """How many tests were skipped that this run was told must not be."""
    if os.environ.get(REQUIRE_SANDBOX) != "1":
        return 0
    return sum(n for reason, n in _skips(reporter).items() if REQUIRED.search(reason))


def _skips(reporter: pytest.TerminalReporter) -> Counter[str]:
    return Counter(_reason(report) for report in reporter.stats.get("skipped", []))


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why a test was skipped; `longrepr` is (file, line, text) for a skip."""
    longrepr = report.longrepr
    text = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
    return text.removeprefix("Skipped: ")
