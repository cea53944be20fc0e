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


# White space within a label is bounded, so that no line can make these patterns slow.
_COPY = r"(?:copy|copied|复制|コピー|복사)"  # the text of a button, pasted along
_NUMBER = rf"(?:\s{{0,9}}(?:[#№]\s{{0,9}})?(?P<number>\d{{1,4}})(?:\b|(?={_COPY})))?"
_FILE = r"(?:\s{0,9}\((?:file:?\s{1,9})?[\w./-]{1,40}\))?"  # (stdin), (sample.in)
_TAIL = rf"{_FILE}{_NUMBER}{_FILE}(?P<copy>\s{{0,9}}{_COPY})?"
_HEADS = {
    Kind.INPUT: (
        r"(?P<sample>(?:sample|example|test(?:\s{1,9}case)?|given)\s{1,9})?(?:standard\s{1,9})?"
        rf"(?:inputs?|stdin)(?P<sample2>\s{{1,9}}(?:sample|example))?{_TAIL}",
        rf"(?P<sample>入力例|样例输入|输入样例|예제\s?입력){_TAIL}",
        rf"(?:输入|입력){_TAIL}",
    ),
    Kind.OUTPUT: (
        r"(?P<sample>(?:sample|example|test(?:\s{1,9}case)?)\s{1,9})?"
        r"(?:expected\s{1,9}|standard\s{1,9})?"
        rf"(?:outputs?|stdout)(?P<sample2>\s{{1,9}}(?:sample|example))?{_TAIL}",
        rf"(?P<sample>出力例|样例输出|输出样例|예제\s?출력){_TAIL}",
        rf"(?:输出|출력){_TAIL}",
    ),
    Kind.EXAMPLE: (
        r"(?:worked\s{1,9}|some\s{1,9}|for\s{1,9})?(?:examples?|samples?)(?:\s{1,9}(?:tests?"
        r"|test\s{1,9}cases?|cases?|i/o|data|inputs?\s{0,9}(?:and|/|&)\s{0,9}outputs?))?"
        rf"{_NUMBER}",
        rf"(?:sample\s{{1,9}}|example\s{{1,9}})?test\s{{1,9}}cases?{_NUMBER}",
        rf"(?:入出力例|样例|示例|输入输出样例){_NUMBER}",
    ),
    Kind.STOP: (
        r"(?:explanations?|notes?|constraints?|hints?|scoring|subtasks?|analysis|clarifications?"
        r"|explanation\s{1,9}of\s{1,9}.{0,40}?|follow[- ]?up|limits?|starter\s{1,9}code|说明|提示"
        rf"|explanation\s{{1,9}}for\s{{1,9}}.{{0,40}}?|힌트){_NUMBER}",
    ),
}
_PATTERNS = [
    (kind, re.compile(rf"{head}(?P<end>\s{{0,9}}[:：]|\s*$)", re.IGNORECASE))
    for kind, heads in _HEADS.items()
    for head in heads
]
_GLUED = re.compile(r"examples?\s?input\s?copy$", re.IGNORECASE)  # as copied from Codeforces
_PREFIX = re.compile(r"[ \t]{0,40}(?:>[ \t]*){0,4}(?:[-+*•][ \t]+)?")
_HEADING = re.compile(r"#{1,6}(?=[ \t])")
_LETTER = re.compile(r"[^\W\d_]")
_RULED = re.compile(r"[-=~]{2,80}\s{0,9}(?P<label>[^-=~\s][^\n]{0,60}?)\s{0,9}[-=~]{2,80}:?$")
_RULED_LEVEL = 2  # `-----Examples-----` counts as a heading
_BOLD = re.compile(r"(?P<marks>\*{1,3}|_{1,3})(?P<label>[^*_]{1,60})(?P=marks)(?P<rest>.*)$", re.S)
_OUTPUT_ON_THE_LINE = re.compile(
    r"(?:^|[\s,;|]|->|→|=>|<br\s*/?>)[*_]{0,3}(?:expected\s+)?output[*_]{0,3}\s*:", re.IGNORECASE
)
_EXPLANATION_ON_THE_LINE = re.compile(r"\s[*_]{0,3}explanation[*_]{0,3}\s*:", re.IGNORECASE)
_ARROWS_REVERSED = re.compile(r"(?:\s|>-|→|>=|[,;|])*")  # arrows and the like, read from the end


def marks(line: str) -> list[Mark | Inline]:
    """The marks of a line and the text after them; empty for a line that announces nothing.

    >>> marks("## Sample Input 2")
    [Mark(kind=<Kind.INPUT: 'input'>, sample=True, number=2, level=2)]
    >>> [type(m).__name__ for m in marks("**Input:** n = 2 **Output:** 4")]
    ['Mark', 'Inline', 'Mark', 'Inline']
    """
    text = without_tags(_PREFIX.sub("", line, count=1)).strip()
    level, title = _heading(text)
    found = _label(title, level)
    if found is None:
        return [Mark(Kind.STOP, level=level)] if level < 7 else []
    mark, rest = found
    return [mark, *_after(mark, rest)] if rest else [mark]


def _heading(text: str) -> tuple[int, str]:
    """The level and the title of a Markdown heading; 7 and the text itself for any other."""
    opening = _HEADING.match(text)
    if opening is None or "\n" in text or not _LETTER.search(text):
        return 7, text
    return opening.end(), text[opening.end() :].rstrip(" \t#").lstrip()


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
    ruled = _RULED.match(text)
    if ruled is not None:
        found = _plain(ruled["label"], min(level, _RULED_LEVEL))
        return found if found and not found[1] else None
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
        found = _label(rest, 7)
        if found is None or found[0].kind is Kind.EXAMPLE:
            return [Inline(rest)]
        return [found[0], *(_after(*found) if found[1] else [])]
    if mark.kind is Kind.INPUT:
        output = _OUTPUT_ON_THE_LINE.search(rest)
        if output:
            value = _without_arrows(rest[: output.start()])
            tail = rest[output.end() :].strip("*_ \t")
            return [Inline(value), Mark(Kind.OUTPUT, mark.sample, mark.number), *_output(tail)]
    return _output(rest) if mark.kind is Kind.OUTPUT else [Inline(rest)]


def _without_arrows(text: str) -> str:
    """Text without what leads on to the output at its end: `2 -> Output: 4`."""
    arrows = _ARROWS_REVERSED.match(text[::-1])
    return text[: len(text) - (arrows.end() if arrows else 0)]


def _output(rest: str) -> list[Mark | Inline]:
    explanation = _EXPLANATION_ON_THE_LINE.search(rest)
    if explanation is None:
        return [Inline(rest)] if rest else []
    return [Inline(rest[: explanation.start()].strip()), Mark(Kind.STOP)]
