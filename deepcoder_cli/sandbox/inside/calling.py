"""Calls one function of a program, the same under either profile.

The program is imported as module `main`, so `if __name__ == "__main__"` blocks do not run, and the
names of `typing` that starter code takes for granted are there.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

TYPING_NAMES = ("List", "Dict", "Tuple", "Set", "Optional", "Union", "Any", "Callable", "Iterable")


def value_of(code: CodeType, path: str, function: str, lines: str) -> bytes:
    """What `function` of the program at `path` returns for a JSON argument a line, as JSON.

    Raises:
        SystemExit: the value is not JSON.
    """
    import json
    import typing

    arguments = [json.loads(line) for line in lines.split("\n") if line.strip()]
    module = type(sys)("main")
    module.__dict__.update({name: getattr(typing, name) for name in TYPING_NAMES}, __file__=path)
    sys.modules["main"] = module
    exec(code, module.__dict__)  # noqa: S102 - this process is the sandbox
    owner = module.__dict__.get("Solution")
    scope = owner() if owner is not None and hasattr(owner, function) else module
    value = getattr(scope, function)(*arguments)
    try:
        return json.dumps(value).encode()
    except (TypeError, ValueError, RecursionError) as error:
        sys.exit(f"{type(error).__name__}: the value of {function} is not JSON: {error}")
