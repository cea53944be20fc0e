"""The same examples written down in each layout that statements use."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Pairs = Sequence[tuple[str, str]]

HEAD = (
    "# Sum of things\n\nAdd the numbers.\n\n## Input\n\nThe first line holds n.\n\n"
    "## Output\n\nThe sum.\n\n"
)
TAIL = "\n## Note\n\nIn the first example the answer is clear.\n```\nnot an example\n```\n"


def _fence(text: str, info: str = "") -> str:
    return f"```{info}\n{text}\n```\n"


def codeforces(pairs: Pairs) -> str:
    body = "".join(f"Input\n{_fence(i)}\nOutput\n{_fence(o)}\n" for i, o in pairs)
    return f"{HEAD}## Examples\n\n{body}{TAIL}"


def codeforces_headings(pairs: Pairs) -> str:
    body = "".join(f"### Input\n\n{_fence(i)}\n### Output\n\n{_fence(o)}\n" for i, o in pairs)
    return f"{HEAD}## Examples\n\n{body}{TAIL}"


def codeforces_pasted(pairs: Pairs) -> str:
    body = "".join(f"InputCopy\n{i}\nOutputCopy\n{o}\n" for i, o in pairs)
    head = "A. Sum\ntime limit per test2 seconds\nInput\nOne line.\nOutput\nOne.\n"
    return f"{head}Examples\n{body}Note\nEasy.\n"


def atcoder(pairs: Pairs) -> str:
    body = "".join(
        f"### Sample Input {n}\n\n{_fence(i)}\n"
        f"### Sample Output {n}\n\n{_fence(o)}\nWhy it is so.\n\n"
        for n, (i, o) in enumerate(pairs, 1)
    )
    return (
        "# A - Sum\n\n### Problem Statement\n\nAdd.\n\n### Input\n\nIn this form:\n\n"
        f"```\nN\nA_1\n```\n\n### Output\n\nPrint it.\n\n{body}"
    )


def kattis_headings(pairs: Pairs) -> str:
    body = "".join(
        f"#### Sample Input {n}\n{_fence(i)}#### Sample Output {n}\n{_fence(o)}"
        for n, (i, o) in enumerate(pairs, 1)
    )
    return HEAD + body


def bold_labels(pairs: Pairs) -> str:
    return HEAD + "".join(
        f"**Example {n}**\n\n**Input:**\n{_fence(i, 'text')}\n**Output:**\n{_fence(o, 'text')}\n"
        f"**Explanation:** it is so.\n\n"
        for n, (i, o) in enumerate(pairs, 1)
    )


def adjacent_fences(pairs: Pairs) -> str:
    return HEAD + "".join(f"{_fence(i, 'input')}{_fence(o, 'output')}\n" for i, o in pairs)


def numbered_fences(pairs: Pairs) -> str:
    return HEAD + "".join(
        f"{_fence(i, f'input{n}')}\n{_fence(o, f'output{n}')}\n"
        for n, (i, o) in enumerate(pairs, 1)
    )


def one_fence(pairs: Pairs) -> str:
    def both(given: str, expected: str) -> str:
        return _fence(f"Input:\n{given}\nOutput:\n{expected}")

    return HEAD + "".join(f"## Example {n}\n\n{both(*p)}\n" for n, p in enumerate(pairs, 1))


def bare_fences(pairs: Pairs) -> str:
    return HEAD + "".join(f"## Example\n\n{_fence(i)}\n{_fence(o)}\n" for i, o in pairs)


def indented(pairs: Pairs) -> str:
    def lines(text: str) -> str:
        return "".join(f"    {line}\n" for line in text.split("\n"))

    body = "".join(f"    Input:\n{lines(i)}    Output:\n{lines(o)}\n" for i, o in pairs)
    return f"{HEAD}Examples:\n\n{body}"


def html_pre(pairs: Pairs) -> str:
    return HEAD + "".join(
        f"<p><strong>Example {n}:</strong></p>\n<pre>\n<strong>Input:</strong>\n{i}\n"
        f"<strong>Output:</strong>\n{o}\n</pre>\n"
        for n, (i, o) in enumerate(pairs, 1)
    )


def list_items(pairs: Pairs) -> str:
    def block(text: str) -> str:
        return "".join(f"  {line}\n" for line in _fence(text).split("\n")[:-1])

    body = "".join(f"- Input:\n{block(i)}- Output:\n{block(o)}" for i, o in pairs)
    return f"{HEAD}## Samples\n\n{body}"


def table(pairs: Pairs) -> str:
    def cell(text: str) -> str:
        return text.replace("\n", "<br>")

    rows = "".join(f"| {cell(i)} | {cell(o)} |\n" for i, o in pairs)
    return f"{HEAD}## Examples\n\n| Input | Output |\n|:---|---:|\n{rows}"


def kattis_table(pairs: Pairs) -> str:
    out = HEAD
    for n, (i, o) in enumerate(pairs, 1):
        left, right = i.split("\n"), o.split("\n")
        height = max(len(left), len(right))
        left, right = ([*side, *[""] * (height - len(side))] for side in (left, right))
        rows = "".join(f"{a} | {b}\n" for a, b in zip(left, right, strict=True))
        out += f"Sample Input {n} | Sample Output {n}\n--- | ---\n{rows}\n"
    return out


def inputs_then_outputs(pairs: Pairs) -> str:
    numbered = list(enumerate(pairs, 1))
    inputs = "".join(f"## Sample Input {n}\n{_fence(i)}" for n, (i, _) in numbered)
    outputs = "".join(f"## Sample Output {n}\n{_fence(o)}" for n, (_, o) in numbered)
    return HEAD + inputs + outputs


def japanese(pairs: Pairs) -> str:
    return "# 和\n\n## 入力\n\n整数。\n\n" + "".join(
        f"### 入力例 {n}\n\n{_fence(i)}\n### 出力例 {n}\n\n{_fence(o)}\n"
        for n, (i, o) in enumerate(pairs, 1)
    )


LAYOUTS: dict[str, Callable[[Pairs], str]] = {
    f.__name__: f
    for f in (
        codeforces, codeforces_headings, codeforces_pasted, atcoder, kattis_headings, bold_labels,
        adjacent_fences, numbered_fences, one_fence, bare_fences, indented, html_pre, list_items,
        table, kattis_table, inputs_then_outputs, japanese,
    )
}  # fmt: skip
