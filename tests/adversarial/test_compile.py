# ruff: noqa: E501 - programs are shown as they are
"""14: programs that attack whoever compiles them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox.languages import Language
from deepcoder_cli.sandbox.runner import Profile, RunRequest, Status
from deepcoder_cli.types import Limits
from tests.adversarial.attack import CANARY, GOT_THROUGH, LIMITS
from tests.adversarial.conftest import needs_language

if TYPE_CHECKING:
    from pathlib import Path

    from deepcoder_cli.sandbox.runner import Runner

ITS_OWN_FAULT = {
    Status.COMPILE_ERROR, Status.MEMORY_LIMIT, Status.SIGNALED, Status.CPU_LIMIT, Status.EXITED,
    Status.OUTPUT_LIMIT,
}  # fmt: skip
PYTHON_BOMBS = {
    "parentheses": "(" * 100_000 + ")" * 100_000,
    "brackets": "[" * 5_000 + "]" * 5_000,
    "minus": "-" * 100_000 + "1",
    "digits": "x = " + "1" * 1_000_000,
    "hexadecimal digits": "x = 0x" + "f" * 1_000_000,
    "lambdas": "lambda: " * 50_000 + "1",
    "indents": "if 1:\n" + "".join(f"{' ' * i}if 1:\n" for i in range(1, 200)) + " " * 200 + "pass",
    "attributes": "a" + ".a" * 100_000,
    "powers": "x = 9 ** 9 ** 9",
    "a long line": "x = '" + "y" * (8 << 20) + "'",
    "many lines": "x = 1\n" * 300_000,
    "many constants": "x = [" + "1.5, " * 200_000 + "]",
    "a null byte": "x = 1\0\nprint(1)",
    "only null bytes": "\0" * 1000,
    "f-strings": "x = " + "f'{" * 500 + "1" + "}'" * 500,
    "decorators": "@a\n" * 20_000 + "def f(): pass",
    "comparisons": "x = " + "1 < " * 50_000 + "1",
    "strings that repeat": "x = ('x' * 9999) * 99999",
    "tuples that repeat": "x = ((1,) * 255,) * 99999999",
    "regular expression of the tokenizer": "x = " + "_" * (4 << 20),
    "no text at all": "\ufeff" * 3,
    "odd encoding": "# -*- coding: utf-7 -*-\n+AAA-",
    "encoding that is none": "# -*- coding: rot13 -*-\nprint(1)",
    "encoding nobody knows": "# -*- coding: evil -*-\nprint(1)",
    "lone surrogate": "x = '\ud800'",
    "continued for ever": "\\\n" * 100_000,
    "tabs and blanks": "if 1:\n\tx = 1\n        y = 1\n",
    "type comments": "x = 1 # type: " + "(" * 10_000,
    "match": "match x:\n" + " case 1: pass\n" * 50_000,
    "unpacking": "(" * 90 + "*" + "a," * 50_000 + ")" * 90 + " = x",
}


@pytest.mark.parametrize("name", PYTHON_BOMBS)
@pytest.mark.parametrize(
    "profile", [Profile.STRICT, pytest.param(Profile.GENERAL, marks=pytest.mark.slow)]
)
def test_it_is_the_programs_own_fault(runner: Runner, profile: Profile, name: str) -> None:
    """Whatever it does to the compiler, it is neither ours (IE) nor a way past a limit."""
    source = PYTHON_BOMBS[name]
    result = runner.run(RunRequest(source, limits=LIMITS, profile=profile))

    assert result.status in ITS_OWN_FAULT
    assert result.peak_mib <= LIMITS.memory_mib + 512 + 32


def test_what_a_compiler_sees_comes_from_inside(runner: Runner) -> None:
    """A program cannot have itself compiled again with other contents: its file is fixed."""
    result = runner.run(RunRequest("import linecache\nprint(open('main.py').read()[:6])"))

    assert result.stdout == b"import\n"


def test_a_value_of_deep_json_is_the_programs_failure(runner: Runner) -> None:
    from deepcoder_cli.sandbox.runner import FunctionCall

    program = "def f(a):\n    x = []\n    for _ in range(10**5): x = [x]\n    return x"
    result = runner.run(RunRequest(program, limits=LIMITS, call=FunctionCall("f", "1")))

    assert (result.status, result.exit_code, result.value) == (Status.EXITED, 1, None)


MAIN = "int main() { return 0; }\n"
READING_FILES = {
    "include": '#include "{path}"\n',
    "include of the program's input": "#include </dev/stdin>\n",
    "assembler": 'asm(".incbin \\"{path}\\"");\n',
    "assembler's include": 'asm(".include \\"{path}\\"");\n',
    "embed": 'const char data[] = {{\n#embed "{path}"\n}};\n',
    "has include": '#if __has_include("{path}")\n#error got-through\n#endif\n',
    "pragma": '#pragma GCC dependency "{path}"\n',
    "line directive": '#line 1 "{path}"\nint main() {{ return x; }}\n',
}


@pytest.mark.parametrize("name", READING_FILES)
@pytest.mark.parametrize("path", ["VICTIM/secret", "/etc/passwd", "/proc/self/environ"])
def test_the_compiler_reads_nothing_of_the_host(
    runner: Runner, victim: Path, name: str, path: str
) -> None:
    needs_language(runner, Language.CPP)
    path = path.replace("VICTIM", str(victim))
    program = READING_FILES[name].format(path=path) + MAIN
    request = RunRequest(program, stdin=CANARY.encode(), language=Language.CPP, limits=LIMITS)
    result = runner.run(request)
    said = result.stdout + result.stderr + result.detail.encode()

    assert result.status is not Status.INFRASTRUCTURE
    assert CANARY.encode() not in said
    assert b"root:x:" not in said
    assert GOT_THROUGH not in said.replace(b"#error got-through", b"") or "/proc" in path


def test_the_control_of_that_includes_the_secret(victim: Path) -> None:
    """Outside, the compiler's message holds it."""
    import subprocess

    if shutil.which("g++") is None:
        pytest.skip("needs g++")
    source = READING_FILES["include"].format(path=victim / "secret") + MAIN
    done = subprocess.run(
        ["g++", "-x", "c++", "-fsyntax-only", "-"], input=source.encode(), capture_output=True,
        check=False,
    )  # fmt: skip

    assert CANARY.rpartition("-")[2].encode() in done.stderr


CPP_BOMBS = {
    "templates": "template<int N> struct T { static const int v = T<N-1>::v + T<N-2>::v; };\n"
    "int x = T<100000>::v;\n",
    "templates that double": "template<class A, int N> struct T { typedef typename T<T<A, N-1>, N-1>"
    "::t t; };\ntemplate<class A> struct T<A, 0> { typedef A t; };\nT<int, 40>::t x;\n",
    "constexpr": "constexpr long f(long n) { long s = 0; for (long i = 0; i < n; i++) s += i; "
    "return s; }\nconstexpr long x = f(10000000000L);\n",
    "a large object": "int a[1 << 28] = {1};\n",
    "macros": "#define A x x x x x x x x\n#define B A A A A A A A A\n#define C B B B B B B B B\n"
    "#define D C C C C C C C C\n#define E D D D D D D D D\n#define F E E E E E E E E\n"
    "#define G F F F F F F F F\n#define H G G G G G G G G\nH H H H H H H H\n",
    "itself": "#include __FILE__\n",
    "endless file": '#include "/dev/zero"\n',
    "random file": '#include "/dev/urandom"\n',
    "nesting": "int x = " + "(" * 20_000 + "1" + ")" * 20_000 + ";\n",
    "errors": "".join(f"x{n} y{n};\n" for n in range(20_000)),
    "null bytes": "int x = 1;\0\0\0\n",
    "fill": 'asm(".fill 2000000000, 1, 0");\n',
    "repeat": 'asm(".rept 100000000\\nnop\\n.endr");\n',
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CPP_BOMBS)
def test_a_bomb_for_the_cpp_compiler_is_the_programs_own_fault(runner: Runner, name: str) -> None:
    needs_language(runner, Language.CPP)
    request = RunRequest(
        CPP_BOMBS[name] + MAIN, language=Language.CPP, limits=Limits(cpu_s=1, memory_mib=256)
    )
    result = runner.run(request)

    assert result.status in ITS_OWN_FAULT
    assert GOT_THROUGH not in result.stdout
