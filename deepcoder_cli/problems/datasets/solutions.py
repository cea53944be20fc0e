"""Solutions as the data sets write them: a list, the JSON text of one, or fenced blocks."""

from __future__ import annotations

import re

from deepcoder_cli.problems.datasets.fields import sequence
from deepcoder_cli.problems.datasets.refusal import RowRefused

_FENCED = re.compile(r"```[ \t]*[\w+#.-]*[ \t]*\r?\n(?P<code>.*?)\n?```", re.DOTALL)


def programs(value: object) -> tuple[str, ...]:
    r"""The programs in a `solutions` field; what is no program is left out.

    >>> programs('["print(1)"]'), programs("```python\nprint(2)\n```")
    (('print(1)',), ('print(2)',))
    """
    try:
        items = sequence(value, "solutions")
    except RowRefused:
        items = (value,)
    found = (unfenced(item) for item in items if isinstance(item, str))
    return tuple(program for program in found if program.strip())


def unfenced(text: str) -> str:
    """The last fenced block of `text` when it starts with a fence; else `text` as it is."""
    if not text.lstrip().startswith("```"):
        return text
    blocks = _FENCED.findall(text)
    return blocks[-1] if blocks else text
