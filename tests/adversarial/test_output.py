"""3: floods, holes and odd bytes on the way in and out."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox.judge import judge
from deepcoder_cli.sandbox.runner import Profile, RunRequest, Status
from deepcoder_cli.sandbox.verdict import Verdict
from deepcoder_cli.types import TestCase
from tests.adversarial.attack import BOTH, LIMITS, STOPPED, Attack, cases, controls

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.runner import Runner
    from tests.adversarial.conftest import Repel, Succeeds

TOO_MUCH = frozenset({Status.OUTPUT_LIMIT})
LIMIT = LIMITS.output_kib * 1024

# Each says so once it has put out 8 MiB, where 256 KiB are allowed.
FLOODS = tuple(
    Attack(name, source + "\nos.write(2, b'got-' + b'through')", statuses, BOTH)
    for name, source, statuses in (
        ("stdout", "for _ in range(800): print('x' * 9999, flush=True)", TOO_MUCH),
        ("stdout in one write", "os.write(1, bytes(8 << 20)); os.write(1, b'x')", TOO_MUCH),
        ("stdout in small writes", "for _ in range(1 << 16): os.write(1, bytes(128))", TOO_MUCH),
        ("stdout opened anew", "out = open('/proc/self/fd/1', 'wb')\nout.write(bytes(8 << 20))\n"
         "out.flush()", STOPPED),
        ("appended", "out = os.open('/dev/stdout', os.O_WRONLY | os.O_APPEND)\n"
         "for _ in range(128): os.write(out, bytes(65536))", STOPPED),
        ("written far out", "os.pwrite(1, b'x', 8 << 20)", STOPPED),
        ("deaf to the signal", "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
         "for _ in range(128): os.write(1, bytes(65536))", STOPPED),
    )
)  # fmt: skip
HOLES = tuple(
    Attack(name, source + "\nif os.fstat(1).st_size >= 2 << 30: got()", STOPPED, BOTH)
    for name, source in (
        ("a hole of 2 GiB", "os.ftruncate(1, 2 << 30)"),
        ("a hole on stderr", "os.ftruncate(2, 2 << 30); os.ftruncate(1, 2 << 30)"),
        ("a seek before writing", "os.lseek(1, 2 << 30, 0); os.write(1, b'x')"),
        ("a hole of 8 EiB", "os.ftruncate(1, (1 << 63) - 1)"),
        ("room set aside", "os.posix_fallocate(1, 0, 2 << 30)"),
    )
)  # fmt: skip
BY_FILE = "cannot be shown on a pipe, which is what the control prints to"
HOLES = tuple(
    Attack(a.name, a.source, a.statuses, a.profiles, no_control=BY_FILE) for a in HOLES
)  # fmt: skip
ATTACKS = (*FLOODS, *HOLES)


@pytest.mark.parametrize(("attack", "profile"), cases(ATTACKS))
def test_it_is_repelled(attack: Attack, profile: Profile, repel: Repel) -> None:
    result = repel(attack, profile)

    assert len(result.stdout) <= LIMIT
    assert len(result.stderr) <= LIMIT


@pytest.mark.parametrize("attack", controls(a for a in FLOODS if "far out" not in a.name))
def test_it_succeeds_without_the_sandbox(attack: Attack, succeeds: Succeeds) -> None:
    succeeds(attack)


@pytest.mark.parametrize("stream", [1, 2])
def test_an_endless_flood_ends_at_the_cap(stream: int, repel: Repel) -> None:
    flood = Attack("flood", f"while True: os.write({stream}, b'x' * 4096)", TOO_MUCH)
    result = repel(flood, Profile.STRICT)

    assert result.truncated
    assert len((result.stdout, result.stderr)[stream - 1]) == LIMIT


def test_a_hole_costs_the_host_no_memory(repel: Repel) -> None:
    """The sandbox reads no more of it than the cap."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    source = "import resource\nfor fd in (1, 2): attempt(os.ftruncate, fd, 2 << 30)"
    repel(Attack("hole", source, STOPPED), Profile.STRICT)

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 << 10


def test_output_below_the_cap_comes_whole(runner: Runner) -> None:
    program = "import sys\nfor i in range(300): print(str(i).rjust(1023))"
    limits = LIMITS.__class__(cpu_s=5, output_kib=300)
    result = runner.run(RunRequest(program, limits=limits))

    assert (result.status, result.truncated) == (Status.EXITED, False)
    assert result.stdout == b"".join(b"%1023d\n" % number for number in range(300))


@pytest.mark.parametrize("profile", BOTH)
def test_a_hundred_megabytes_of_unread_input_block_nothing(
    runner: Runner, profile: Profile
) -> None:
    request = RunRequest("print('done')", stdin=b"x" * (100 << 20), limits=LIMITS, profile=profile)

    assert runner.run(request).stdout == b"done\n"


def test_any_bytes_may_be_printed(runner: Runner) -> None:
    everything = bytes(range(256)) * 100
    program = "import sys\nsys.stdout.buffer.write(sys.stdin.buffer.read())"

    assert runner.run(RunRequest(program, stdin=everything)).stdout == everything


def test_odd_text_is_judged_as_what_it_is(runner: Runner) -> None:
    surrogate = judge("print('\\ud800')", [TestCase("", "x")], runner=runner)
    null = judge("print('\\0')", [TestCase("", "\0")], runner=runner)
    cut_off = judge("import os\nos.write(1, b'4\\xe2\\x82')", [TestCase("", "4")], runner=runner)

    assert (surrogate.verdict, null.verdict) == (Verdict.RE, Verdict.AC)
    assert cut_off.verdict is Verdict.WA


def test_lone_surrogates_in_program_and_input_break_nothing(runner: Runner) -> None:
    """What cannot be written down is the program's failure; the run itself takes place."""
    assert judge("x = '\ud800'", [TestCase("", "")], runner=runner).verdict is not Verdict.IE
    judgement = judge("print(1)", [TestCase("\ud800", "1")], runner=runner)
    assert judgement.verdict is Verdict.AC
