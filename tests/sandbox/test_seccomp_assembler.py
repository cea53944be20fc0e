"""The assembler looks every number up, however large the filter and wherever the jumps fall."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from deepcoder_cli.sandbox.seccomp import bpf
from deepcoder_cli.sandbox.seccomp.syscalls import AUDIT_ARCH
from tests.sandbox.filter_machine import ABSENT, ALLOWED, REFUSED, answer

MACHINE = "x86_64"
PLAIN = {bpf.ALLOW: ALLOWED, bpf.REFUSE: REFUSED, bpf.ABSENT: ABSENT}
# Allows one first argument alone, after so many tests that jumps over it are long.
LONG = bpf.argument(0) + b"".join(bpf.refuse_if(n) for n in range(1000, 1120)) + bpf.allow_only(7)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.integers(0, 600), st.sampled_from([*PLAIN, LONG]), min_size=1))
def test_every_number_meets_its_own_block(blocks: dict[int, bytes]) -> None:
    blocks = {number: block for at, (number, block) in enumerate(blocks.items()) if at < 12}
    program = bpf.assemble(AUDIT_ARCH[MACHINE], blocks, bpf.ABSENT)

    for number in range(max(blocks) + 3):
        block = blocks.get(number, bpf.ABSENT)
        for argument in (7, 8, 1000):
            expected = PLAIN.get(block) or (ALLOWED if argument == 7 else REFUSED)
            assert answer(program, MACHINE, number, {0: argument}) == expected


@given(st.sets(st.integers(0, 2**32 - 1), min_size=1, max_size=30), st.integers(0, 2**32 - 1))
def test_words_are_told_apart(words: set[int], other: int) -> None:
    chosen = sorted(words)
    only = bpf.argument(0) + bpf.allow_only(*chosen)
    but = bpf.argument(0) + bpf.refuse_only(*chosen)
    programs = [bpf.assemble(AUDIT_ARCH[MACHINE], {5: block}, bpf.ABSENT) for block in (only, but)]

    for word in (*chosen, other, 2**32 + chosen[0]):
        listed = word & 0xFFFFFFFF in words
        expected = [ALLOWED, REFUSED] if listed else [REFUSED, ALLOWED]
        assert [answer(program, MACHINE, 5, {0: word}) for program in programs] == expected


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_bits_are_told_apart(bits: int, word: int) -> None:
    block = bpf.argument(2) + bpf.refuse_beyond(bits) + bpf.ALLOW
    program = bpf.assemble(AUDIT_ARCH[MACHINE], {5: block}, bpf.ABSENT)

    assert answer(program, MACHINE, 5, {2: word}) == (REFUSED if word & ~bits else ALLOWED)
