"""The doctor believes only what ran: real evidence proves each layer, spoiled evidence does not."""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from deepcoder_cli.sandbox import layers as named
from deepcoder_cli.sandbox import probe
from deepcoder_cli.sandbox.doctor import CHECKS, Diagnosis, judged
from deepcoder_cli.sandbox.evidence import TRIPS, Evidence, gather
from deepcoder_cli.sandbox.fixes import Fix
from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.layers import ALWAYS, NAMESPACES, Layer, tier_of
from deepcoder_cli.sandbox.runner import Status, Tier
from tests.sandbox import conditions

if TYPE_CHECKING:
    from collections.abc import Callable

DIAGNOSE = """
import json
from deepcoder_cli.sandbox.doctor import diagnose
found = diagnose()
print(json.dumps({
    "tier": found.tier,
    "proved": [layer.name for layer in found.layers if layer.proved],
    "details": {layer.name: layer.detail for layer in found.layers},
    "fixes": [fix.line for fix in found.fixes],
}))
"""


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """What is found on this machine; gathered once."""
    probe.forget()
    found = gather()
    if found.runner is None or found.bwrap_fix is not None:
        pytest.skip("needs a working sandbox")
    return found


def layer(found: Diagnosis, name: str) -> Layer:
    return next(each for each in found.layers if each.name == name)


def seen(evidence: Evidence, **changes: Any) -> Evidence:
    """The evidence, had programs seen something else."""
    assert evidence.strict is not None
    assert evidence.general is not None
    refused = changes.pop("refused", {})
    strict, general = (
        replace(each, refused={**each.refused, **refused}, **changes)
        for each in (evidence.strict, evidence.general)
    )
    return replace(evidence, strict=strict, general=general)


def test_every_layer_that_a_tier_needs_has_one_check() -> None:
    names = [check.name for check in CHECKS]

    assert len(names) == len(set(names))
    assert (ALWAYS | NAMESPACES | {named.LANDLOCK}) <= set(names)


def test_this_machine_has_the_tier_its_runner_claims(evidence: Evidence) -> None:
    found = judged(evidence)

    assert evidence.runner is not None
    assert found.tier is evidence.runner.tier
    assert {each.name for each in found.layers if each.proved} >= ALWAYS | NAMESPACES


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        (named.BUBBLEWRAP, lambda e: replace(e, bwrap=None)),
        (named.BUBBLEWRAP, lambda e: replace(e, bwrap_fix=Fix("it fails", "Mend it."))),
        (named.IDENTITY, lambda e: seen(e, uid=0)),
        (named.IDENTITY, lambda e: seen(e, refused={"root": 0})),
        (named.CAPABILITIES, lambda e: seen(e, status={"CapEff": "0000000000200000"})),
        (named.CAPABILITIES, lambda e: seen(e, status={})),
        (named.NO_GAIN, lambda e: seen(e, status={"NoNewPrivs": "0"})),
        (named.PROCESSES, lambda e: seen(e, others=[1])),
        (named.PROCESSES, lambda e: seen(e, pids=None)),
        (named.PROCESSES, lambda e: seen(e, namespaces={})),
        (named.NETWORK, lambda e: seen(e, interfaces=["lo", "eth0"], refused={"socket": 0})),
        (named.FILES, lambda e: seen(e, paths=["/etc/passwd"])),
        (named.FILES, lambda e: seen(e, writable=["/home"])),
        (named.IPC, lambda e: seen(e, namespaces=own_namespaces())),
        (named.HOST_NAME, lambda e: seen(e, namespaces=own_namespaces())),
        (named.FILTER, lambda e: seen(e, refused={"ptrace": 0})),
        (named.FILTER, lambda e: seen(e, refused={"fork": 0})),
        (named.FILTER, lambda e: seen(e, refused={"socket": "ImportError: no socket"})),
        (named.LANDLOCK, lambda e: seen(e, refused={"device": 0})),
        (named.LANDLOCK, lambda e: seen(e, refused={"device": errno.EPERM})),
        (named.LANDLOCK, lambda e: replace(e, kernel=replace(e.kernel, landlock="not there"))),
        (named.ENVIRONMENT, lambda e: seen(e, first=f"X={e.canary}")),
        (named.ENVIRONMENT, lambda e: seen(e, environment={"DEEPCODER_DOCTOR_CANARY": "x"})),
        (named.TIME, lambda e: replace(e, trips={**e.trips, "time": e.trips["memory"]})),
        (named.MEMORY, lambda e: replace(e, trips={**e.trips, "memory": e.trips["time"]})),
        (named.OUTPUT, lambda e: replace(e, trips={})),
        (named.NOTHING_LEFT, lambda e: replace(e, leftover=("4711",))),
        (named.FILTER, lambda e: replace(e, strict=None)),
    ],
)
def test_a_layer_is_not_proved_by_spoiled_evidence(
    evidence: Evidence, name: str, spoil: Callable[[Evidence], Evidence]
) -> None:
    whole, spoiled = judged(evidence), judged(spoil(evidence))

    assert layer(whole, name).proved or name == named.LANDLOCK
    assert not layer(spoiled, name).proved
    assert layer(spoiled, name).detail
    assert spoiled.tier is (Tier.B if name == named.LANDLOCK else Tier.NONE) or (
        name in NAMESPACES | {named.CAPABILITIES} and spoiled.tier is Tier.C
    )


def own_namespaces() -> dict[str, str]:
    """What a program would see that shares ours."""
    return {
        name: str(Path(f"/proc/self/ns/{name}").readlink())
        for name in ("pid", "net", "ipc", "uts", "mnt", "user")
    }


def test_a_runner_never_counts_for_more_than_it_claims(evidence: Evidence) -> None:
    class Modest:
        tier = Tier.C

    assert judged(replace(evidence, runner=Modest())).tier is Tier.C  # type: ignore[arg-type]


def test_nothing_is_proved_where_there_is_no_sandbox(evidence: Evidence) -> None:
    fix = Fix("bubblewrap is not installed", "Install it.", ("install bubblewrap",))
    bare = Evidence(evidence.system, None, fix, evidence.kernel, None)
    found = judged(bare)

    assert found.tier is Tier.NONE
    assert [each.name for each in found.layers if each.proved] == []
    assert found.fixes == (fix,)


def test_missing_parts_of_the_kernel_have_their_fixes(evidence: Evidence) -> None:
    kernel = replace(evidence.kernel, landlock="no", seccomp="no", memory_files="no")
    lines = " ".join(fix.line for fix in judged(replace(evidence, kernel=kernel)).fixes)

    assert "Landlock" in lines
    assert "seccomp" in lines
    assert "memfd_create" in lines


def test_a_missing_language_has_its_fix_and_costs_no_tier(evidence: Evidence) -> None:
    without = replace(evidence, versions={Language.CPP: "", Language.JAVASCRIPT: "20.1"})
    found = judged(without)

    assert found.tier is judged(evidence).tier
    assert layer(found, named.CPP).absent
    assert any("g++" in fix.problem for fix in found.fixes)


def test_each_limit_was_tripped_by_a_program(evidence: Evidence) -> None:
    assert {name: result.status for name, result in evidence.trips.items()} == {
        name: expected for name, (_, _, expected) in TRIPS.items()
    }
    assert evidence.trips["time"].status is Status.CPU_LIMIT


@pytest.mark.parametrize(
    ("left_out", "tier"),
    [
        (set(), Tier.A),
        ({named.LANDLOCK}, Tier.B),
        ({named.PROCESSES}, Tier.C),
        ({named.PROCESSES, named.LANDLOCK}, Tier.NONE),
        ({named.FILTER}, Tier.NONE),
        ({named.NETWORK}, Tier.NONE),
        ({named.TIME}, Tier.NONE),
    ],
)
def test_the_tier_is_what_the_proved_layers_amount_to(left_out: set[str], tier: Tier) -> None:
    names = (ALWAYS | NAMESPACES | {named.LANDLOCK}) - left_out

    assert tier_of([Layer(name, True, "", "") for name in names]) is tier


@pytest.mark.usefixtures("runner")
def test_without_landlock_in_the_kernel_the_doctor_finds_tier_b() -> None:
    refusing = conditions.refusing(conditions.LANDLOCK, errno.ENOSYS)
    done = conditions.python(DIAGNOSE, *conditions.with_a_filter(), filtered=refusing)
    found = json.loads(done.stdout)

    assert found["tier"] == "B", found["details"]
    assert named.LANDLOCK not in found["proved"]


def test_without_bubblewrap_an_ordinary_user_is_told_of_tier_c_and_how_to_get_more() -> None:
    python = conditions.ordinary_python()
    if python is None:
        pytest.skip("needs a Python that every user can read")
    done = conditions.as_somebody(DIAGNOSE, python)
    found = json.loads(done.stdout)

    assert found["tier"] in {"C", "none"}  # none: no Landlock in this kernel
    assert any(line.startswith("bubblewrap is not installed.") for line in found["fixes"])
    assert set(found["proved"]) & {named.BUBBLEWRAP, named.PROCESSES, named.IPC} == set()
