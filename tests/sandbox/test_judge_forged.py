"""Programs that do not know the answer and want AC, or at least an IE, which costs them nothing."""

# ruff: noqa: E501 - tables read best with one program a line
from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.sandbox.judge import judge
from deepcoder_cli.sandbox.verdict import Verdict
from deepcoder_cli.types import Limits, TestCase

if TYPE_CHECKING:
    from deepcoder_cli.sandbox.runner import Runner

LIMITS = Limits(cpu_s=2, memory_mib=256, output_kib=1024)
CANARY = "7f3ac0de-canary-91b2"
EVERY_DESCRIPTOR = """\
import os
def everywhere(*texts):
    for fd in range(3, 256):
        for text in texts:
            try: os.write(fd, text)
            except OSError: pass
"""
ALWAYS_EQUAL = """\
def always(self, *_): return True
def forged(base):
    return type('Forged', (base,), dict(__eq__=always, __ne__=lambda a, b: False, __hash__=lambda s: 0,
        __repr__=lambda s: '"x"', __str__=lambda s: '"x"', __int__=lambda s: 42, __float__=lambda s: 42.0,
        __len__=lambda s: 1, __contains__=always, __bool__=always))
"""

FUNCTIONS = {
    "an object that equals everything": ALWAYS_EQUAL + "def f(a): return forged(object)()",
    "an int that equals everything": ALWAYS_EQUAL + "def f(a): return forged(int)(7)",
    "a str that equals everything": ALWAYS_EQUAL + "def f(a): return forged(str)('x')",
    "a float that equals everything": ALWAYS_EQUAL + "def f(a): return forged(float)(7)",
    "a list that equals everything": ALWAYS_EQUAL + "def f(a): return forged(list)([1])",
    "a dict that equals everything": ALWAYS_EQUAL + "def f(a): return forged(dict)(a=1)",
    "a tuple that equals everything": ALWAYS_EQUAL + "def f(a): return forged(tuple)((1,))",
    "an int within a list": ALWAYS_EQUAL + "def f(a): return [forged(int)(7)]",
    "an exception as the value": "def f(a): return AssertionError('AC')",
    "the word of the judge": "def f(a): return 'AC'",
    "true": "def f(a): return True",
    "not a number": "def f(a): return float('nan')",
    "infinity": "def f(a): return float('inf')",
    "nothing": "def f(a): pass",
    "a verdict as the value": "def f(a): return {'verdict': 'AC', 'passed': True, 'results': [True]}",
    "patched json": "import json\njson.dumps = lambda *a, **k: 'true'\ndef f(a): return 1",
    "patched json, no JSON": "import json\njson.dumps = lambda *a, **k: 'AC'\ndef f(a): return 1",
    "patched json, no text": "import json\njson.dumps = lambda *a, **k: object()\ndef f(a): return 1",
    "patched json, too deep": "import json\njson.dumps = lambda *a, **k: '[' * 10**5 + ']' * 10**5\ndef f(a): return 1",
    "patched json, a long integer": "import json\njson.dumps = lambda *a, **k: '9' * 10**5\ndef f(a): return 1",
    "patched json, a flood": "import json\njson.dumps = lambda *a, **k: '[' + '[],' * 10**5 + '[]]'\ndef f(a): return 1",
    "patched json, lone surrogates": "import json\njson.dumps = lambda *a, **k: '\"\\ud800\"'\ndef f(a): return 1",
    "patched encoder": "import json.encoder\njson.encoder.JSONEncoder.encode = lambda *a: 'true'\ndef f(a): return 1",
    "json replaced": "import sys\nsys.modules['json'] = None\ndef f(a): return 1",
    "every module replaced": "import sys\nfor name in list(sys.modules): sys.modules[name] = None\ndef f(a): return 1",
    "patched builtins": "import builtins\nbuiltins.isinstance = builtins.getattr = builtins.len = builtins.str = lambda *a: True\ndef f(a): return 1",
    "patched os": "import os\nos.write = os.close = os._exit = lambda *a: 1\ndef f(a): return 1",
    "an early end": "import os\ndef f(a): os._exit(0)",
    "an early end on import": "import os\nos._exit(0)",
    "sys.exit": "import sys\ndef f(a): sys.exit(0)",
    "sys.exit on import": "raise SystemExit",
    "sys.exit with true": "raise SystemExit(True)",
    "an interrupt": "def f(a): raise KeyboardInterrupt",
    "killed": "import os\ndef f(a): os.kill(os.getpid(), 9)",
    "printed": "def f(a): print('AC')\nprint('AC')",
    "forged notes": EVERY_DESCRIPTOR + "def f(a):\n    everywhere(b'Vtrue', b'V\"AC\"', b'AC', b'{\"verdict\": \"AC\"}')\n    os._exit(0)",
    "forged notes of JSON": EVERY_DESCRIPTOR + "def f(a):\n    everywhere(b'{\"status\": \"exited\", \"exit_code\": 0, \"value\": true}\\n')\n    os._exit(0)",
    "forged notes that are no UTF-8": EVERY_DESCRIPTOR + "def f(a):\n    everywhere(b'V\"\\xff\\xfe\"', b'\\x00' * 64)\n    os._exit(0)",
    "forged notes and then a value": EVERY_DESCRIPTOR + "everywhere(b'V1', b'C')\ndef f(a): return 1",
    "forged reports": EVERY_DESCRIPTOR + "def f(a):\n    everywhere(b'started\\n', b'- 0 1 1 1\\n')\n    os._exit(0)",
    "forged at exit": EVERY_DESCRIPTOR + "import atexit\natexit.register(everywhere, b'Vtrue')\ndef f(a): return 1",
    "every descriptor closed": "import os\ndef f(a):\n    os.closerange(0, 256)\n    return 1",
    "the answer looked for in memory": f"""\
import gc, sys
def f(a):
    frame, seen = sys._getframe(), []
    while frame:
        seen += [repr(frame.f_locals), repr(frame.f_globals)]
        frame = frame.f_back
    seen += [text for text in gc.get_objects() + gc.get_referrers(*gc.get_objects()[:50]) if isinstance(text, str)]
    whole = ' '.join(seen)
    at = whole.find('{CANARY[:4]}' + '{CANARY[4:8]}-')
    return whole[at:at + {len(CANARY)}] if at >= 0 else 'not found'
""",
}  # fmt: skip


@pytest.mark.parametrize("what", FUNCTIONS)
@pytest.mark.parametrize("expected", [json.dumps(CANARY), "42", '[{"a": 42}, 42]'])
def test_a_forged_value_is_neither_right_nor_our_fault(
    runner: Runner, what: str, expected: str
) -> None:
    result = judge(
        FUNCTIONS[what], (TestCase("1", expected),), runner=runner, limits=LIMITS, function="f"
    )

    assert result.verdict not in {Verdict.AC, Verdict.IE}, result.tests[0].result


OUTPUTS = {
    "the word of the judge": "print('AC')",
    "nothing": "",
    "an early end": "import os\nos._exit(0)",
    "exit code 0": "raise SystemExit(0)",
    "the question": "print(input())",
    "standard error": "import sys\nprint(4, file=sys.stderr)",
    "a later failure": "print(4)\nraise SystemExit(1)",
    "a later signal": "import os\nprint(4, flush=True)\nos.kill(os.getpid(), 9)",
    "every answer": "print(*range(100))",
    "every answer, a line each": "print(*range(100), sep='\\n')",
    "a carriage return": "print('5\\r4', end='')",
    "a backspace": "print('54\\b\\b4')",
    "an escape sequence": "print('\\x1b[2K4')",
    "a NUL": "print('4\\0')",
    "a zero-width space": "print('4\\u200b')",
    "a byte order mark": "print('\\ufeff4')",
    "UTF-16": "import sys\nsys.stdout.buffer.write('4'.encode('utf-16'))",
    "a wide digit": "print('４')",
    "a decimal for an integer": "print('4.0')",
    "not a number": "print('nan')",
    "infinity": "print('inf')",
    "a hole in the output": "import os\nos.lseek(1, 1 << 19, 0)\nos.write(1, b'4')",
    "a short output after a long one": "import os\nos.write(1, b'55 4')\nos.ftruncate(1, 2)",
    "no standard output": "import os\nos.close(1)",
    "standard output turned into the input": "import os\nos.dup2(0, 1)",
    "forged notes": EVERY_DESCRIPTOR + "everywhere(b'V4', b'4', b'AC', b'- 0 1 1 1\\n')",
    "a note that it is no program": EVERY_DESCRIPTOR + "everywhere(b'C', b'M')\nraise SystemExit(1)",
    "patched print": "import builtins, sys\nsys.stdout = type('F', (), dict(write=lambda *a: True, flush=lambda s: None))()\nprint('AC')",
    "the answer looked for in memory": f"""\
import gc, os, sys
frame, seen = sys._getframe(), [repr(sys.argv), repr(dict(os.environ))]
while frame:
    seen += [repr(frame.f_locals), repr(frame.f_globals)]
    frame = frame.f_back
seen += [text for text in gc.get_objects() if isinstance(text, str)]
for fd in range(256):
    try: seen.append(os.pread(fd, 1 << 20, 0).decode('latin-1'))
    except OSError: pass
whole = ' '.join(seen)
at = whole.find('{CANARY[:4]}' + '{CANARY[4:8]}-')
print(whole[at:at + {len(CANARY)}] if at >= 0 else 'not found')
""",
}  # fmt: skip


@pytest.mark.parametrize("what", OUTPUTS)
def test_a_forged_output_is_neither_right_nor_our_fault(runner: Runner, what: str) -> None:
    for expected in ("4\n", f"{CANARY}\n"):
        tests = (TestCase("2\n", expected),)
        result = judge(OUTPUTS[what], tests, runner=runner, limits=LIMITS)

        assert result.verdict not in {Verdict.AC, Verdict.IE}, result.tests[0].result


@pytest.mark.parametrize("checker", ["tokens", "exact", "float", "unordered", "lcb-compat"])
@pytest.mark.parametrize(
    "what", ["nothing", "not a number", "a NUL", "every answer", "an early end"]
)
def test_no_checker_takes_a_forged_output(runner: Runner, checker: str, what: str) -> None:
    tests = (TestCase("2\n", "4\n"),)

    assert judge(OUTPUTS[what], tests, runner=runner, checker=checker).verdict is Verdict.WA


def test_an_empty_answer_is_met_by_an_empty_output_of_a_program_that_ends_well(
    runner: Runner,
) -> None:
    tests = (TestCase("2\n", ""),)

    assert judge("input()", tests, runner=runner).verdict is Verdict.AC
    assert judge("1 / 0", tests, runner=runner).verdict is Verdict.RE
    assert judge("print('x')", tests, runner=runner).verdict is Verdict.WA
