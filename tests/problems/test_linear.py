"""No file that is allowed (up to 1 MiB) makes the parser slow: its time grows as the text does.

Each text took minutes to hours with one of the patterns that stood here before, or shows the
place where such a pattern could come in. The time limit is a safety net, not a measure.
"""

from __future__ import annotations

import pytest

from deepcoder_cli.problems.markdown import read

N = 50_000
GAP = " " * N
STARTER = "```python\ndef f(a):\n    pass\n```\n"
TEXTS = {
    "blank lines before the starter code": "T\n" + "\n" * N + STARTER,
    "a label far from its starter code": "Starter code\n" + "\n" * N + "x\n" + STARTER,
    "many starter sections that never close": "Starter code\n```\n" * 20_000 + "~~~\n" + STARTER,
    "arrows before an output": "Input: " + "-> " * N + "x output: 3",
    "spaces before an output": "## Example\nInput: 1" + GAP + "x output: 3",
    "a gap in a heading": "T\n# a" + GAP + "1",
    "a break in a heading": "T\n# " + "a" * N + "<br>x",
    "a gap in the title": "# a" + GAP + "b",
    "a gap after a label": "T\n## Example\nInput" + GAP + "x",
    "a gap within a label": "T\nSample" + GAP + "Input" + GAP + "x",
    "a gap in a key": "---\na" + GAP + "\n---\n",
    "a gap in a value": "---\ntitle: a" + GAP + "b\n---\nx",
    "a rule that is none": "T\n| Input | Output |\n|" + "-" * N + "x|\n",
    "an example in an example in an example": "Example: " * N,
    "a value that never closes": f"{STARTER}## Example\nInput\n```\n(\n" + "1\n" * 200_000
    + "```\nOutput\n```\n1\n```\n",
    "inputs and then outputs": "Sample Input 1\n1\n" * 20_000 + "Sample Output 1\n1\n" * 20_000,
    "a deep value": f"{STARTER}## Example\nInput: " + "-" * N + "1\nOutput: 1\n",
    "gaps in a limit": "time" + GAP + "limit" + GAP + "per" + GAP,
    "dashes around a label": "T\n" + "-" * N + "Input" + "-" * N + "x",
    "a tabbed table of one column": "T\nSample Input 1\tSample Output 1\n" + "1\t\n" * N,
    "buttons": "T\n## Examples\nInput\n" + "Copy\n" * N,
    "prose": "T\nSample Input 1\n1\nSample Output 1\n1\n" + "the " * N + "\n",
}  # fmt: skip


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", TEXTS)
def test_is_read_in_time_that_grows_as_the_text_does(name: str) -> None:
    assert len(TEXTS[name]) < 1024 * 1024
    read(TEXTS[name], "p")
