"""Private tests that are hostile: refused for what they are, with nothing of them run."""

from __future__ import annotations

import base64
import copyreg
import io
import json
import os
import pickle
import struct
import subprocess
import sys
import zlib
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcoder_cli.problems.datasets import private_tests
from deepcoder_cli.problems.datasets.private_tests import read_private_tests, unpickled_text
from deepcoder_cli.problems.datasets.refusal import RowRefused

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[3]


class Reduced:
    """Pickles as a call of `function`."""

    def __init__(self, function: Callable[..., object], *args: object) -> None:
        self.call = function, args

    def __reduce__(self) -> Any:
        return self.call


class WithState:
    """Pickles with NEWOBJ and BUILD."""

    def __init__(self) -> None:
        self.state = 1


class Persistent(pickle.Pickler):
    def persistent_id(self, obj: object) -> object:
        return "an id" if obj == "x" else None


def persistent(protocol: int) -> bytes:
    file = io.BytesIO()
    Persistent(file, protocol).dump("x")
    return file.getvalue()


def extension(code: int) -> bytes:
    """EXT1, EXT2 or EXT4 of a registered code, then STOP."""
    if code < 256:
        return b"\x80\x02\x82" + struct.pack("<B", code) + b"."
    if code < 65536:
        return b"\x80\x02\x83" + struct.pack("<H", code) + b"."
    return b"\x80\x02\x84" + struct.pack("<i", code) + b"."


def text(value: str) -> bytes:
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


TOUCH = "import pathlib; pathlib.Path('poisoned').touch()"
POISON: dict[str, bytes] = {
    "os.system": pickle.dumps(Reduced(os.system, "touch poisoned")),
    "os.system, protocol 0": pickle.dumps(Reduced(os.system, "touch poisoned"), protocol=0),
    "exec": pickle.dumps(Reduced(exec, TOUCH)),
    "eval, protocol 2": pickle.dumps(Reduced(eval, "open('poisoned', 'w')"), protocol=2),
    "subprocess": pickle.dumps(Reduced(subprocess.call, ["touch", "poisoned"])),
    "nested in a list": pickle.dumps(["[]", Reduced(os.system, "touch poisoned")]),
    "nested in a dict's key": pickle.dumps({(Reduced(exec, TOUCH),): 1}),
    "by hand: c os system": b"cos\nsystem\n(S'touch poisoned'\ntR.",
    "by hand: INST": b"(S'touch poisoned'\nios\nsystem\n.",
    "by hand: OBJ": b"(cos\nsystem\nS'touch poisoned'\no.",
    "by hand: NEWOBJ": b"\x80\x02cbuiltins\nobject\n)\x81.",
    "by hand: NEWOBJ_EX": b"\x80\x04cbuiltins\nobject\n)}\x92.",
    "by hand: STACK_GLOBAL": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
    "the text first, then the call": text("[]") + b"0cos\nsystem\n(S'touch poisoned'\ntR.",
    "the call first, then the text": b"cos\nsystem\n(S'touch poisoned'\ntR0" + text("[]") + b".",
    "build": pickle.dumps(WithState()),
    "a class": pickle.dumps(Fraction),
    "a function": pickle.dumps(print),
    "persistent id": persistent(2),
    "persistent id, protocol 0": persistent(0),
    "EXT1": extension(240),
    "EXT2": extension(4000),
    "EXT4": extension(70000),
    "out-of-band buffer": b"\x80\x05\x97.",
    "memo of gigabytes, LONG_BINPUT": text("[]") + b"r\xff\xff\xff\x7f.",
    "memo of gigabytes, PUT": text("[]") + b"p2147483647\n.",
    "bytearray of an exabyte": b"\x80\x05\x96" + struct.pack("<Q", 1 << 60) + b".",
    "bytes of an exabyte": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 60) + b".",
    "text of an exabyte": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 60) + b".",
    "frame of an exabyte": b"\x80\x04\x95" + struct.pack("<Q", 1 << 60) + text("[]") + b".",
    "text of 4 GB": b"X\xff\xff\xff\xff.",
    "huge integer": pickle.dumps(1 << 4_000_000),
    "huge integer in digits": b"L" + b"9" * 1_000_000 + b"L\n.",
    "list within list, a million deep": b"]" * 1_000_000 + b"a" * 999_999 + b".",
    "tuple of tuples, doubled": b")" + b"2\x86" * 200_000 + b".",
    "billion laughs": b"]" + b"(" + b"22" * 1000 + b"e.",
    "duplicated text": text("[]") + b"2" * 1000 + b".",
    "memoised text": text("[]") + b"\x94" * 1000 + b".",
    "many texts": text("[]") * 1000 + b".",
    "a list": pickle.dumps([{"input": "1", "output": "1"}]),
    "a dict": pickle.dumps({"a": 1}),
    "None": pickle.dumps(None),
    "bytes": pickle.dumps(b"[]"),
    "bytes, protocol 0": pickle.dumps(b"[]", protocol=0),
    "a number": pickle.dumps(1.5),
    "an old str": b"S'[]'\n.",
    "nothing": b"",
    "only STOP": b".",
    "no STOP": text("[]"),
    "cut in its text": text("[1, 2, 3]")[:-3],
    "not UTF-8": b"X\x02\x00\x00\x00\xff\xfe.",
    "a future protocol": b"\x80\x63" + text("[]") + b".",
    "no opcode": b"\xff\xff\xff",
    "POP of an empty stack": b"0.",
    "GET without PUT": b"h\x00.",
}  # fmt: skip


@pytest.mark.parametrize("name", POISON)
def test_a_poisoned_pickle_is_refused_and_does_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    field = base64.b64encode(zlib.compress(POISON[name])).decode()

    with pytest.raises(RowRefused) as caught:
        read_private_tests(field)

    assert caught.value.kind == "hostile-pickle"
    assert "nothing of it was run" in caught.value.reason
    assert "\n" not in caught.value.reason
    assert list(tmp_path.iterdir()) == []


def test_the_poison_is_real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("os.system", "exec", "by hand: INST", "the text first, then the call"):
        pickle.loads(POISON[name])
        (tmp_path / "poisoned").unlink()


@pytest.mark.parametrize("code", [240, 4000, 70000])
def test_a_registered_extension_is_not_followed_even_when_it_is_cached(code: int) -> None:
    copyreg.add_extension("fractions", "Fraction", code)
    try:
        assert pickle.loads(extension(code)) is Fraction  # and now it is in the cache
        with pytest.raises(RowRefused, match="EXT"):
            unpickled_text(extension(code))
    finally:
        copyreg.remove_extension("fractions", "Fraction", code)


@pytest.mark.parametrize("name", ["os.system", "persistent id", "build", "a list"])
def test_the_unpickler_alone_holds_too(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_tests, "_check_opcodes", lambda _: None)

    with pytest.raises(RowRefused) as caught:
        unpickled_text(POISON[name])

    assert caught.value.kind == "hostile-pickle"


def test_a_decompression_bomb_is_refused_within_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_tests, "MAX_PICKLE_BYTES", 1 << 20)
    bomb = zlib.compress(bytes(64 << 20), 9)

    with pytest.raises(RowRefused) as caught:
        read_private_tests(base64.b64encode(bomb).decode())

    assert caught.value.kind == "too-large"
    assert "at most 1048576" in caught.value.reason


def test_the_bound_on_decompressed_bytes_is_256_mib_of_text() -> None:
    assert private_tests.MAX_PICKLE_BYTES == (256 << 20) + 1024


@pytest.mark.slow
def test_a_bomb_of_a_gibibyte_costs_no_more_than_the_bound() -> None:
    program = """
import base64, resource, sys, zlib
from deepcoder_cli.problems.datasets.private_tests import read_private_tests
from deepcoder_cli.problems.datasets.refusal import RowRefused
stream, parts = zlib.compressobj(9), []
for _ in range(1024):
    parts.append(stream.compress(bytes(1 << 20)))
field = base64.b64encode(b"".join(parts) + stream.flush()).decode()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_private_tests(field)
except RowRefused as refused:
    print(refused.kind, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )

    kind, grown_kib = done.stdout.split()
    assert kind == "too-large"
    assert int(grown_kib) < 600 << 10  # the bound, and zlib's buffer as it grows


def test_a_text_cut_short_is_no_text() -> None:
    field = base64.b64encode(zlib.compress(pickle.dumps("[]"))[:-4]).decode()

    with pytest.raises(RowRefused, match="cut short"):
        read_private_tests(field)


@given(st.text() | st.text(st.characters(), min_size=200, max_size=400), st.integers(0, 5))
def test_harmless_texts_come_out_as_pickle_loads_gives_them(value: str, protocol: int) -> None:
    data = pickle.dumps(value, protocol=protocol)

    assert unpickled_text(data) == pickle.loads(data) == value


@pytest.mark.parametrize("size", [255, 256, 65536, 1 << 20])
def test_long_texts_in_frames_and_without(size: int) -> None:
    for protocol in range(6):
        assert unpickled_text(pickle.dumps("a" * size, protocol=protocol)) == "a" * size


def assert_text_or_refused(data: bytes) -> None:
    try:
        value = unpickled_text(data)
    except RowRefused:
        return
    assert isinstance(value, str)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_text_or_refused(data: bytes) -> None:
    assert_text_or_refused(data)


@given(st.data())
def test_a_pickle_with_a_byte_changed_is_a_text_or_refused(data: st.DataObject) -> None:
    whole = bytearray(
        pickle.dumps(["ab", 1, {"k": (2.5, None)}], protocol=data.draw(st.integers(0, 5)))
    )
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] = data.draw(st.integers(0, 255))
    assert_text_or_refused(bytes(whole))


@given(st.lists(st.dictionaries(st.text(), st.text())), st.integers(0, 5))
def test_json_and_packed_json_are_the_same_tests(tests: list[Any], protocol: int) -> None:
    plain = json.dumps(tests)
    packed = base64.b64encode(zlib.compress(pickle.dumps(plain, protocol))).decode()

    assert read_private_tests(plain) == read_private_tests(packed) == tests


def test_json_nested_too_deeply_inside_is_refused() -> None:
    deep = "[" * 200_000
    field = base64.b64encode(zlib.compress(pickle.dumps(deep))).decode()

    with pytest.raises(RowRefused, match="too deeply"):
        read_private_tests(field)


def test_all_poison_is_refused_within_little_memory_and_cpu_time() -> None:
    program = """
import resource
from deepcoder_cli.problems.datasets.private_tests import unpickled_text
from deepcoder_cli.problems.datasets.refusal import RowRefused
from tests.problems.datasets.test_poisoned_pickles import POISON
before = resource.getrusage(resource.RUSAGE_SELF)
refused = 0
for data in POISON.values():
    try:
        unpickled_text(data)
    except RowRefused:
        refused += 1
after = resource.getrusage(resource.RUSAGE_SELF)
print(refused == len(POISON), after.ru_maxrss - before.ru_maxrss, after.ru_utime - before.ru_utime)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )

    all_refused, grown_kib, cpu_s = done.stdout.split()
    assert all_refused == "True"
    assert int(grown_kib) < 64 << 10
    assert float(cpu_s) < 5
