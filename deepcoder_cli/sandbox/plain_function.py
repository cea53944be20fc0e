"""Calls one function of the program `main.py` and leaves its value as JSON; executed as a script.

Arguments: the function, and the descriptor the value goes to. The arguments of the function are on
stdin, one JSON value a line.
"""

from __future__ import annotations

import json
import os
import sys
import typing

TYPING_NAMES = ("List", "Dict", "Tuple", "Set", "Optional", "Union", "Any", "Callable", "Iterable")


def main() -> None:
    """Import the program as module `main`, call the function, write what it returned."""
    name, value_fd = sys.argv[1], int(sys.argv[2])
    arguments = [json.loads(line) for line in sys.stdin.read().split("\n") if line.strip()]
    with open("main.py", "rb") as file:  # noqa: PTH123 - as little imported as can be
        source = file.read()
    module = type(sys)("main")
    module.__dict__.update({word: getattr(typing, word) for word in TYPING_NAMES})
    sys.modules["main"], sys.argv = module, ["main.py"]
    sys.path[0] = os.getcwd()  # noqa: PTH109
    exec(compile(source, "main.py", "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    owner = module.__dict__.get("Solution")
    scope = owner() if owner is not None and hasattr(owner, name) else module
    text = json.dumps(getattr(scope, name)(*arguments))
    with open(value_fd, "w", encoding="utf-8") as file:
        file.write(f"V{text}")


if __name__ == "__main__":
    main()
