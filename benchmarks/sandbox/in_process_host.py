"""The process that the in-process grader forks from; a line of JSON for each program, and back.

LiveCodeBench hands programs to the worker processes of a pool, and each of those forks. This is
such a worker: it has imported what `lcb_runner.evaluation` imports and nothing of ours, so that
neither a lighter nor a heavier caller than the real one is measured. With `torch` as argument it
has that loaded too, as the process of a trainer has.
"""

from __future__ import annotations

import concurrent.futures  # noqa: F401 - what the real one has loaded
import importlib
import importlib.util
import json
import sys
from pathlib import Path

LOADED = ("ast", "numpy", "platform", "datetime", "unittest.mock", "enum", "decimal", "tqdm")


def main() -> None:
    """Grade until the input ends."""
    for name in (*LOADED, *sys.argv[1:]):
        if importlib.util.find_spec(name) is not None:
            importlib.import_module(name)
    # By path: the package around it would load the whole of this benchmark.
    path = Path(__file__).with_name("in_process.py")
    spec = importlib.util.spec_from_file_location("in_process", path)
    assert spec is not None
    assert spec.loader is not None
    grader = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(grader)
    for line in sys.stdin:
        program, inputs, outputs = json.loads(line)
        print(json.dumps(grader.grade(program, inputs, outputs)), flush=True)


if __name__ == "__main__":
    main()
