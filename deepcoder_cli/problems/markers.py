"""Recognises the lines that announce examples: `## Examples`, `**Input:**`, `Sample Output 2`.

One line may announce several things (`Example 1: Input: 2 Output: 4`), so a line becomes a list
of marks and the text between them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from deepcoder_cli.problems.elements import without_tags


class Kind(Enum):
    """What a mark announces."""

    EXAMPLE = "example"
    INPUT = "input"
    OUTPUT = "output"
    STOP = "stop"  # an explanation, a note, another section: no example continues here


@dataclass(frozen=True, slots=True)
class Mark:
    """An announcement.

    Attributes:
        kind: of what.
        sample: it says that this is a sample (`Sample Input`), not a format (`Input`).
        number: as in `Sample Input 2`; None without one.
        level: of the heading, 1 to 6; 7 for a label that is no heading.
    """

    kind: Kind
    sample: bool = False
    number: int | None = None
    level: int = 7


@dataclass(frozen=True, slots=True)
class Inline:
    """Text that follows a mark on its line."""

    text: str


_NUMBER = r"(?:\s*[#№]?\s*(?P<number>\d{1,4})\b)?"
_HEADS = {
    Kind.INPUT: (
        rf"(?P<sample>(?:sample|example|test(?:\s+case)?|given)\s+)?(?:standard\s+)?"
        rf"(?:inputs?|stdin)(?P<copy>\s?copy\b)?(?P<sample2>\s+(?:sample|example))?"
        rf"(?:\s+\((?:stdin|input\.txt)\))?{_NUMBER}",
        rf"(?P<sample>入力例|样例输入|输入样例){_NUMBER}",
        rf"输入{_NUMBER}",
    ),
    Kind.OUTPUT: (
        rf"(?P<sample>(?:sample|example|test(?:\s+case)?)\s+)?(?:expected\s+|standard\s+)?"
        rf"(?:outputs?|stdout)(?P<copy>\s?copy\b)?(?P<sample2>\s+(?:sample|example))?"
        rf"(?:\s+\((?:stdout|output\.txt)\))?{_NUMBER}",
        rf"(?P<sample>出力例|样例输出|输出样例){_NUMBER}",
        rf"输出{_NUMBER}",
    ),
    Kind.EXAMPLE: (
        rf"(?:worked\s+|some\s+|for\s+)?(?:examples?|samples?)"
        rf"(?:\s+(?:tests?|test\s+cases?|cases?|i/o|data|inputs?\s*(?:and|/|&)\s*outputs?))?{_NUMBER}",
        rf"(?:sample\s+|example\s+)?test\s+cases?{_NUMBER}",
        rf"(?:入出力例|样例|示例){_NUMBER}",
    ),
    Kind.STOP: (
        rf"(?:explanations?|notes?|constraints?|hints?|scoring|subtasks?|analysis|clarifications?"
        rf"|explanation\s+of\s+.{{0,40}}?|follow[- ]?up|limits?|starter\s+code|说明|提示){_NUMBER}",
    ),
}
_PATTERNS = [
    (kind, re.compile(rf"{head}(?P<end>\s*[:：]|\s*$)", re.IGNORECASE))
    for kind, heads in _HEADS.items()
    for head in heads
]
_GLUED = re.compile(r"examples?\s?input\s?copy\s*$", re.IGNORECASE)  # as copied from Codeforces
_PREFIX = re.compile(r"[ \t]{0,40}(?:>[ \t]*){0,4}(?:[-+*•][ \t]+)?")
_HEADING = re.compile(r"(?P<marks>#{1,6})[ \t]+(?P<text>.*[^\W\d_].*?)[ \t]*#*[ \t]*$")
_BOLD = re.compile(r"(?P<marks>\*{1,3}|_{1,3})(?P<label>[^*_]{1,60})(?P=marks)(?P<rest>.*)$", re.S)
_OUTPUT_ON_THE_LINE = re.compile(
    r"(?:^|[\s,;|]|->|→|=>|<br\s*/?>)[*_]{0,3}(?:expected\s+)?output[*_]{0,3}\s*:", re.IGNORECASE
)
_EXPLANATION_ON_THE_LINE = re.compile(r"\s[*_]{0,3}explanation[*_]{0,3}\s*:", re.IGNORECASE)
_ARROWS = re.compile(r"(?:\s|->|→|=>|[,;|]|<br\s*/?>)+$", re.IGNORECASE)


def marks(line: str) -> list[Mark | Inline]:
    """The marks of a line and the text after them; empty for a line that announces nothing.

    >>> marks("## Sample Input 2")
    [Mark(kind=<Kind.INPUT: 'input'>, sample=True, number=2, level=2)]
    >>> [type(m).__name__ for m in marks("**Input:** n = 2 **Output:** 4")]
    ['Mark', 'Inline', 'Mark', 'Inline']
    """
    text = without_tags(_PREFIX.sub("", line, count=1)).strip()
    heading = _HEADING.match(text)
    level = len(heading["marks"]) if heading else 7
    found = _label(heading["text"] if heading else text, level)
    if found is None:
        return [Mark(Kind.STOP, level=level)] if heading else []
    mark, rest = found
    return [mark, *_after(mark, rest)] if rest else [mark]


def fence_kind(language: str) -> Mark | None:
    """The mark that a fence's own language makes: ` ```input `, ` ```output2 `."""
    match = re.fullmatch(
        r"(?:(?:sample|example|std)[-_]?)?(?:(?P<i>input|in)|(?P<o>output|out))"
        r"[-_#:]?(?P<number>\d{1,4})?",
        language,
    )
    if match is None:
        return None
    number = int(match["number"]) if match["number"] else None
    return Mark(Kind.INPUT if match["i"] else Kind.OUTPUT, sample=True, number=number)


def _label(text: str, level: int) -> tuple[Mark, str] | None:
    """The mark a text starts with, and what follows it."""
    if _GLUED.match(text):
        return Mark(Kind.INPUT, sample=True, level=level), ""
    bold = _BOLD.match(text)
    if bold is None:
        return _plain(text, level)
    label, rest = bold["label"].strip(), bold["rest"]
    found = _plain(label, level)
    if found is None or found[1]:
        return _plain(label + rest, level) if found else None
    rest = rest.strip()
    return found[0], rest.removeprefix(":").removeprefix("：").strip()


def _plain(text: str, level: int) -> tuple[Mark, str] | None:
    for kind, pattern in _PATTERNS:
        match = pattern.match(text)
        if match is None:
            continue
        groups = match.groupdict()
        sample = any(groups.get(name) for name in ("sample", "copy", "sample2", "number"))
        number = int(groups["number"]) if groups.get("number") else None
        return Mark(kind, sample, number, level), text[match.end() :].strip()
    return None


def _after(mark: Mark, rest: str) -> list[Mark | Inline]:
    """The text after a label, which may hold further labels."""
    if mark.kind is Kind.EXAMPLE:
        return marks(rest) or [Inline(rest)]
    if mark.kind is Kind.INPUT:
        output = _OUTPUT_ON_THE_LINE.search(rest)
        if output:
            value = _ARROWS.sub("", rest[: output.start()])
            tail = rest[output.end() :].strip("*_ \t")
            return [Inline(value), Mark(Kind.OUTPUT, mark.sample, mark.number), *_output(tail)]
    return _output(rest) if mark.kind is Kind.OUTPUT else [Inline(rest)]


def _output(rest: str) -> list[Mark | Inline]:
    explanation = _EXPLANATION_ON_THE_LINE.search(rest)
    if explanation is None:
        return [Inline(rest)] if rest else []
    return [Inline(rest[: explanation.start()].strip()), Mark(Kind.STOP)]
