"""The checks of `deepcoder doctor`, as data: what is looked at, what proves it, what fixes it.

Every check judges what was found by running (see `evidence`); none reads a configuration.
"""

from __future__ import annotations

import errno
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deepcoder_cli.sandbox import layers as named
from deepcoder_cli.sandbox.evidence import CANARY_NAME, COMMANDS, TRIPS, Evidence, gather
from deepcoder_cli.sandbox.fixes import (
    ALLOW_SEATBELT,
    Fix,
    landlock_absent,
    memfd_absent,
    seatbelt_unverified,
    seccomp_absent,
    this_system,
    toolchain_missing,
)
from deepcoder_cli.sandbox.kernel_trial import Kernel
from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.layers import Layer, tier_of
from deepcoder_cli.sandbox.runner import Tier

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepcoder_cli.sandbox.witness import Testimony

NO_SANDBOX = "no sandbox to try it in"
NO_NAMESPACES = "there are no namespaces here"
NAMESPACE_NAMES = {named.IPC: "ipc", named.HOST_NAME: "uts"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: whether it is proved, and what was seen."""

    proved: bool
    detail: str
    absent: bool = False
    untried: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at.

    Attributes:
        name: of the layer.
        how: what is tried, in plain words.
        judge: the finding from the evidence.
    """

    name: str
    how: str
    judge: Callable[[Evidence], Finding]

    def layer(self, evidence: Evidence) -> Layer:
        """The layer as found."""
        found = self.judge(evidence)
        return Layer(self.name, found.proved, self.how, found.detail, found.absent, found.untried)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What `deepcoder doctor` says.

    Attributes:
        layers: that make up the tier, then what is there beside them.
        tier: that the proved layers amount to.
        fixes: for what keeps the tier from being A, and for absent languages.
        evidence: it rests on.
    """

    layers: tuple[Layer, ...]
    tier: Tier
    fixes: tuple[Fix, ...]
    evidence: Evidence


def diagnose() -> Diagnosis:
    """Try everything, once. Takes about two seconds.

    Raises:
        SandboxUnavailable: this is neither Linux nor macOS.
    """
    return _on_macos() if sys.platform == "darwin" else judged(gather())


def _on_macos() -> Diagnosis:
    """What can be said of macOS, where nothing has been verified and so nothing is proved."""
    fix, allowed = seatbelt_unverified(), os.environ.get(ALLOW_SEATBELT) == "1"
    detail = "written, not verified on real hardware"
    detail += f"; used all the same: {ALLOW_SEATBELT} is set" if allowed else "; off"
    layer = Layer(named.SEATBELT, False, "nothing is tried", detail)
    evidence = Evidence(this_system(), None, fix, Kernel(0, "", "", "", ""), None)
    return Diagnosis((layer,), Tier.C if allowed else Tier.NONE, (fix,), evidence)


def judged(evidence: Evidence) -> Diagnosis:
    """The diagnosis from the evidence."""
    layers = tuple(check.layer(evidence) for check in CHECKS)
    tier = Tier.NONE if evidence.runner is None else _no_better(layers, evidence.runner.tier)
    return Diagnosis(layers, tier, tuple(_fixes(evidence, layers)), evidence)


def _no_better(layers: tuple[Layer, ...], claimed: Tier) -> Tier:
    """The tier that was proved, and never more than the runner claims."""
    proved = tier_of(layers)
    return claimed if named.at_least(proved, claimed) else proved


def _untried(evidence: Evidence, why: str = NO_SANDBOX) -> Finding:
    """The finding where a program could not be asked."""
    if evidence.runner is None:
        return Finding(False, NO_SANDBOX, untried=True)
    if why == NO_NAMESPACES and evidence.runner.tier is Tier.C:
        return Finding(False, why, absent=True)
    return Finding(False, "the program that looks did not run to its end")


def _fixes(evidence: Evidence, layers: tuple[Layer, ...]) -> list[Fix]:
    fixes: list[Fix] = []
    system, kernel = evidence.system, evidence.kernel
    if evidence.bwrap_fix is not None:
        fixes.append(evidence.bwrap_fix)
    if kernel.seccomp:
        fixes.append(seccomp_absent(system))
    if kernel.landlock:
        fixes.append(landlock_absent(system))
    if kernel.memory_files:
        fixes.append(memfd_absent(system))
    absent = [language for language, version in evidence.versions.items() if not version]
    return fixes + [toolchain_missing(system, language) for language in absent]


def _bubblewrap(evidence: Evidence) -> Finding:
    if evidence.bwrap is None:
        return Finding(False, "not installed", absent=True)
    if evidence.bwrap_fix is not None:
        return Finding(False, evidence.bwrap_fix.problem)
    return Finding(True, f"{evidence.bwrap.version}, {evidence.bwrap.path}")


def _by_strict(judge: Callable[[Evidence, Testimony], Finding]) -> Callable[[Evidence], Finding]:
    """A check on what a program sees in the profile for tests and rewards."""

    def found(evidence: Evidence) -> Finding:
        if evidence.strict is None:
            return _untried(evidence)
        return judge(evidence, evidence.strict)

    return found


def _by_all(judge: Callable[[Evidence, Testimony], Finding]) -> Callable[[Evidence], Finding]:
    """A check on what a program sees in every profile: the worst finding."""

    def found(evidence: Evidence) -> Finding:
        seen = [testimony for testimony in (evidence.strict, evidence.general) if testimony]
        findings = [judge(evidence, testimony) for testimony in seen]
        return min(findings, key=lambda finding: finding.proved, default=_untried(evidence))

    return found


@_by_all
def _identity(_: Evidence, seen: Testimony) -> Finding:
    regained = seen.refused["root"] == 0
    if seen.uid == 0 or regained:
        return Finding(False, "the program is root" if seen.uid == 0 else "it became root again")
    return Finding(True, f"user {seen.uid}; becoming root is refused")


@_by_all
def _capabilities(_: Evidence, seen: Testimony) -> Finding:
    held = {name: mask for name, mask in seen.status.items() if name.startswith("Cap")}
    if not held:
        return Finding(False, "cannot be looked up from inside", untried=True)
    usable = [name for name in ("CapPrm", "CapEff", "CapAmb") if int(held.get(name, "0"), 16)]
    return Finding(not usable, ", ".join(usable) or "none held, none to be had")


@_by_all
def _no_gain(_: Evidence, seen: Testimony) -> Finding:
    word = seen.status.get("NoNewPrivs")
    if word is None:  # /proc is out of reach; a filter cannot be taken on without it
        return Finding(_is_refused(seen, "ptrace"), "implied by the call filter")
    return Finding(word == "1", "set" if word == "1" else "not set")


def _processes(evidence: Evidence) -> Finding:
    seen = evidence.general
    if seen is None:
        return _untried(evidence, NO_NAMESPACES)
    same = _shares(seen, "pid")
    if same or seen.pids is None or os.getpid() in seen.pids or seen.others:
        return Finding(False, "processes of this machine are in sight")
    return Finding(True, f"sees {len(seen.pids)} processes, all its own")


@_by_all
def _network(_: Evidence, seen: Testimony) -> Finding:
    outside = [name for name in seen.interfaces if name != "lo"]
    if outside and not _is_refused(seen, "socket"):
        return Finding(False, f"reaches {', '.join(outside)}")
    only = "sees its own loopback only" if seen.interfaces else "sees no interface"
    refused = "; sockets are refused" if _is_refused(seen, "socket") else ""
    return Finding(not outside or bool(refused), (only if not outside else "") + refused)


@_by_all
def _files(evidence: Evidence, seen: Testimony) -> Finding:
    if seen.paths:
        return Finding(False, f"can read {seen.paths[0]}")
    if seen.writable or Path(evidence.folder, "deepcoder-probe").exists():
        return Finding(False, f"can write to {seen.writable[0]}")
    return Finding(True, "can neither read nor write what this user can")


def _namespace(name: str) -> Callable[[Evidence], Finding]:
    def found(evidence: Evidence) -> Finding:
        seen = evidence.general
        if seen is None:
            return _untried(evidence, NO_NAMESPACES)
        shared = _shares(seen, NAMESPACE_NAMES[name])
        own_name = name != named.HOST_NAME or seen.host != platform.node()
        return Finding(not shared and own_name, "shared with this machine" if shared else "its own")

    return found


def _filter(evidence: Evidence) -> Finding:
    if evidence.kernel.seccomp:
        return Finding(False, f"seccomp: {evidence.kernel.seccomp}", absent=True)
    seen = evidence.strict
    if seen is None:
        return _untried(evidence)
    let_through = [name for name in ("fork", "socket", "ptrace") if not _is_refused(seen, name)]
    if let_through:
        return Finding(False, f"lets through {', '.join(let_through)}")
    if seen.others:
        return Finding(False, "lets signals through to other processes")
    return Finding(True, "refuses fork, socket, ptrace, signals to others")


def _landlock(evidence: Evidence) -> Finding:
    if evidence.kernel.landlock:
        return Finding(False, evidence.kernel.landlock, absent=True)
    if evidence.strict is None:
        return _untried(evidence)
    in_force = evidence.strict.refused["device"] == errno.EACCES
    version = f"version {evidence.kernel.landlock_abi}"
    if not in_force:
        return Finding(False, f"{version} in the kernel, not used by the sandbox")
    return Finding(True, f"{version}; refuses writing that file modes allow")


@_by_all
def _environment(evidence: Evidence, seen: Testimony) -> Finding:
    canary = evidence.canary
    if CANARY_NAME in seen.environment or canary in seen.first:
        return Finding(False, "the environment of this user can be read")
    return Finding(True, "a secret put into it was not found")


def _limit(name: str) -> Callable[[Evidence], Finding]:
    def found(evidence: Evidence) -> Finding:
        result = evidence.trips.get(name)
        if result is None:
            return _untried(evidence)
        _, limits, expected = TRIPS[name]
        if result.status is not expected:
            return Finding(False, f"a program beyond it ended with {result.status}")
        allowed = {
            "time": f"{limits.cpu_s:g} s of CPU; stopped after {result.cpu_s:.2f} s",
            "memory": f"{limits.memory_mib} MiB; a program that took 600 MiB was stopped",
            "output": f"{limits.output_kib} KiB; an endless output was stopped",
        }
        return Finding(True, allowed[name])

    return found


def _nothing_left(evidence: Evidence) -> Finding:
    if evidence.leftover is None:
        return _untried(evidence)
    if evidence.leftover:
        return Finding(False, f"process {evidence.leftover[0]} of a program still runs")
    return Finding(True, "a program that leaves processes left none")


def _cgroup(evidence: Evidence) -> Finding:
    if evidence.cgroup:
        return Finding(True, evidence.cgroup)
    return Finding(False, "none is handed to this user; none is needed", absent=True)


def _python(evidence: Evidence) -> Finding:
    if evidence.strict is None:
        return _untried(evidence)
    return Finding(True, f"{evidence.strict.python}, {evidence.interpreter}")


def _numpy(evidence: Evidence) -> Finding:
    if evidence.strict is None:
        return _untried(evidence)
    version = evidence.strict.numpy
    return Finding(bool(version), version or "programs cannot import it", absent=not version)


def _language(language: Language) -> Callable[[Evidence], Finding]:
    def found(evidence: Evidence) -> Finding:
        if language not in evidence.languages:
            return _untried(evidence)
        said = evidence.languages[language]
        command, version = COMMANDS[language], evidence.versions[language]
        if not version:
            return Finding(False, f"{command} is not installed", absent=True)
        return Finding(not said, said or f"{command} {version}")

    return found


def _is_refused(seen: Testimony, attempt: str) -> bool:
    return seen.refused[attempt] in {errno.EPERM, errno.EACCES, errno.ENOSYS}


def _shares(seen: Testimony, namespace: str) -> bool:
    """Whether a namespace is the one of this process; unknown counts as shared."""
    theirs = seen.namespaces.get(namespace, "")
    return not theirs or theirs == str(Path(f"/proc/self/ns/{namespace}").readlink())


CHECKS = (
    Check(named.BUBBLEWRAP, "run it, and a program in it", _bubblewrap),
    Check(named.IDENTITY, "a program asks who it is, and to be root", _identity),
    Check(named.CAPABILITIES, "a program reads which it holds", _capabilities),
    Check(named.NO_GAIN, "a program reads whether it can gain any", _no_gain),
    Check(named.PROCESSES, "a program looks for this process", _processes),
    Check(named.NETWORK, "a program lists interfaces and opens a socket", _network),
    Check(named.FILES, "a program opens files that this user can open", _files),
    Check(named.IPC, "a program compares its namespace", _namespace(named.IPC)),
    Check(named.HOST_NAME, "a program compares its namespace", _namespace(named.HOST_NAME)),
    Check(named.FILTER, "a program forks, opens a socket, traces", _filter),
    Check(named.LANDLOCK, "a program opens a device for writing", _landlock),
    Check(named.ENVIRONMENT, "a program looks for a secret put there", _environment),
    Check(named.TIME, "a program computes for ever", _limit("time")),
    Check(named.MEMORY, "a program takes too much", _limit("memory")),
    Check(named.OUTPUT, "a program prints for ever", _limit("output")),
    Check(named.NOTHING_LEFT, "a program starts a daemon and ends", _nothing_left),
    Check(named.CGROUP, "look for one that this user may divide", _cgroup),
    Check(named.PYTHON, "run a program", _python),
    Check(named.NUMPY, "a program imports it", _numpy),
    Check(named.CPP, "compile and run a program", _language(Language.CPP)),
    Check(named.JAVASCRIPT, "run a program", _language(Language.JAVASCRIPT)),
)
