"""Small programming problems by composition: input form, one to three steps, output form.

    step.py                        what a step is
    lists numbers strings grids    the steps, a table each; reductions: those that end in a number
    inputs.py outputs.py           how data comes in and answers go out
    compose.py catalogue.py        which compositions there are, told apart by what they compute
    solution.py cases.py render.py a composition as a problem with tests, program and completion

`python -m deepcoder_cli.problems.generated --help` writes problem files and verifies solutions.
"""

from deepcoder_cli.problems.generated.catalogue import compositions, keys, split_of
from deepcoder_cli.problems.generated.compose import Composition, parse
from deepcoder_cli.problems.generated.render import Generated, generate

__all__ = [
    "Composition",
    "Generated",
    "compositions",
    "generate",
    "keys",
    "parse",
    "split_of",
]
