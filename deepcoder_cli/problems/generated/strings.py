"""Steps on a string `s` and on a list of words `w`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deepcoder_cli.problems.generated.lists import FEW
from deepcoder_cli.problems.generated.reductions import VOWELS
from deepcoder_cli.problems.generated.step import Kind, Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepcoder_cli.problems.generated.step import Parameter

LETTERS = tuple("aeinorst")


def _step(
    kinds: tuple[Kind, Kind],
    name: str,
    texts: tuple[str, ...],
    value: str,
    apply: Callable[[Any, Any], Any],
    parameters: tuple[Parameter, ...] = (),
) -> Step:
    takes, gives = kinds
    return Step(name, takes, gives, texts, f"{gives} = {value}", apply, parameters)


S = (Kind.STRING, Kind.STRING)
W = (Kind.WORDS, Kind.WORDS)
S_TO_W = (Kind.STRING, Kind.WORDS)
S_TO_LIST = (Kind.STRING, Kind.LIST)
W_TO_LIST = (Kind.WORDS, Kind.LIST)
W_TO_S = (Kind.WORDS, Kind.STRING)


def _is_vowel(char: str) -> bool:
    return char.lower() in VOWELS


def _without(text: str, drop: Callable[[str], bool]) -> str:
    return "".join([ch for ch in text if not drop(ch)])


def _swap(char: str) -> str:
    return char.upper() if char.islower() else char.lower()


def _letter(char: str) -> bool:
    return "a" <= char <= "z" or "A" <= char <= "Z"


STRING_STEPS = (
    _step(
        S,
        "lower",
        ("turn the string into lower case", "write every letter small"),
        "s.lower()",
        lambda s, _: "".join(ch.lower() for ch in s),
    ),
    _step(
        S,
        "upper",
        ("turn the string into upper case", "write every letter as a capital"),
        "s.upper()",
        lambda s, _: "".join(ch.upper() for ch in s),
    ),
    _step(
        S,
        "swap_case",
        ("swap the case of each letter", "turn small letters into capitals and capitals small"),
        "s.swapcase()",
        lambda s, _: "".join(map(_swap, s)),
    ),
    _step(
        S,
        "backwards",
        ("reverse the string", "read the string from right to left"),
        "s[::-1]",
        lambda s, _: "".join(reversed(s)),
    ),
    _step(
        S,
        "no_vowels",
        ("remove all vowels", "delete the characters a, e, i, o, u in either case"),
        '"".join(ch for ch in s if ch not in "aeiouAEIOU")',
        lambda s, _: _without(s, _is_vowel),
    ),
    _step(
        S,
        "vowels",
        ("keep only the vowels", "delete all but the characters a, e, i, o, u in either case"),
        '"".join(ch for ch in s if ch in "aeiouAEIOU")',
        lambda s, _: _without(s, lambda ch: not _is_vowel(ch)),
    ),
    _step(
        S,
        "no_spaces",
        ("remove all spaces", "close up the string by deleting the blanks"),
        's.replace(" ", "")',
        lambda s, _: _without(s, lambda ch: ch == " "),
    ),
    _step(
        S,
        "letters",
        ("keep only the letters", "delete every character that is not a letter"),
        '"".join(ch for ch in s if ch.isalpha())',
        lambda s, _: _without(s, lambda ch: not _letter(ch)),
    ),
    _step(
        S,
        "no_letter",
        ("remove every '{c}'", "delete all copies of the letter '{c}'"),
        's.replace("{c}", "")',
        lambda s, c: _without(s, lambda ch: ch == c),
        LETTERS,
    ),
    _step(
        S,
        "star_letter",
        ("replace every '{c}' by '*'", "write a star in place of each letter '{c}'"),
        's.replace("{c}", "*")',
        lambda s, c: "*".join(s.split(c)),
        LETTERS,
    ),
    _step(
        S,
        "doubled",
        ("write each character twice", "repeat every character once right after itself"),
        '"".join(ch * 2 for ch in s)',
        lambda s, _: "".join([s[i // 2] for i in range(2 * len(s))]),
    ),
    _step(
        S,
        "sorted_chars",
        ("sort the characters by code", "arrange the characters in increasing ASCII order"),
        '"".join(sorted(s))',
        lambda s, _: "".join(ch * s.count(ch) for ch in sorted(set(s))),
    ),
    _step(
        S,
        "first_copies",
        ("keep only the first copy of each character", "remove characters seen before"),
        '"".join(dict.fromkeys(s))',
        lambda s, _: "".join(ch for i, ch in enumerate(s) if ch not in s[:i]),
    ),
    _step(
        S,
        "every_other",
        ("keep every second character, starting with the first", "drop each second character"),
        "s[::2]",
        lambda s, _: "".join(ch for i, ch in enumerate(s, 1) if i % 2),
    ),
    _step(
        S,
        "turn",
        ("move the first {c} characters to the end", "rotate the string left by {c} at most"),
        "s[{c}:] + s[:{c}]",
        lambda s, c: "".join([*s[c:], *s[:c]]),
        FEW,
    ),
    _step(
        S,
        "head",
        ("keep only the first {c} characters", "cut the string after {c} characters"),
        "s[:{c}]",
        lambda s, c: "".join(ch for i, ch in enumerate(s) if i < c),
        (3, 4, 5, 6, 7, 8),
    ),
    _step(
        S,
        "dashes",
        ("put '-' between the characters", "join the characters with dashes"),
        '"-".join(s)',
        lambda s, _: "".join(ch if i == 0 else "-" + ch for i, ch in enumerate(s)),
    ),
    _step(
        S_TO_W,
        "split",
        ("split the string into words", "take the words of the string"),
        "s.split()",
        lambda s, _: [t for t in s.split(" ") if t],
    ),
    _step(
        S_TO_LIST,
        "letter_places",
        (
            "list the alphabet positions of the letters, 1 for a, case ignored",
            "turn the letters into numbers, a or A being 1, and list them",
        ),
        "[ord(ch) - 96 for ch in s.lower() if ch.isalpha()]",
        lambda s, _: ["abcdefghijklmnopqrstuvwxyz".index(c) + 1 for c in s.lower() if _letter(c)],
    ),
)


def _keep(
    name: str,
    texts: tuple[str, ...],
    condition: str,
    keep: Callable[[str, Any], bool],
    parameters: tuple[Parameter, ...] = (),
) -> Step:
    value = f"[t for t in w if {condition}]"
    return _step(W, name, texts, value, lambda w, c: [t for t in w if keep(t, c)], parameters)


def _map(
    name: str,
    texts: tuple[str, ...],
    value: str,
    change: Callable[[str, Any], str],
    parameters: tuple[Parameter, ...] = (),
) -> Step:
    code = f"[{value} for t in w]"
    return _step(W, name, texts, code, lambda w, c: [change(t, c) for t in w], parameters)


WORD_STEPS = (
    _keep(
        "long_words",
        ("keep only the words longer than {c} letters", "remove words of at most {c} letters"),
        "len(t) > {c}",
        lambda t, c: bool(t[c:]),
        FEW,
    ),
    _keep(
        "short_words",
        ("keep only the words of at most {c} letters", "remove words longer than {c} letters"),
        "len(t) <= {c}",
        lambda t, c: not t[c:],
        (3, 4, 5),
    ),
    _keep(
        "even_words",
        ("keep only the words of even length", "remove words with an odd number of letters"),
        "len(t) % 2 == 0",
        lambda t, _: not len(t) & 1,
    ),
    _keep(
        "vowel_words",
        ("keep only the words that start with a vowel", "remove words not starting with a vowel"),
        't[0] in "aeiouAEIOU"',
        lambda t, _: _is_vowel(t[:1]),
    ),
    _keep(
        "words_with",
        ("keep only the words that contain '{c}'", "remove words without the letter '{c}'"),
        '"{c}" in t',
        lambda t, c: t.count(c) > 0,
        LETTERS,
    ),
    _keep(
        "words_without",
        ("remove the words that contain '{c}'", "keep only words without the letter '{c}'"),
        '"{c}" not in t',
        lambda t, c: t.count(c) == 0,
        LETTERS,
    ),
    _map(
        "upper_words",
        ("turn each word into upper case", "write every word in capitals"),
        "t.upper()",
        lambda t, _: "".join(ch.upper() for ch in t),
    ),
    _map(
        "capital_words",
        ("capitalise each word", "write every word with a capital first and small letters after"),
        "t.capitalize()",
        lambda t, _: t[:1].upper() + t[1:].lower(),
    ),
    _map(
        "reversed_words",
        ("reverse each word", "write every word backwards"),
        "t[::-1]",
        lambda t, _: "".join(reversed(t)),
    ),
    _map(
        "word_heads",
        ("cut each word after {c} letters", "keep the first {c} letters of every word"),
        "t[:{c}]",
        lambda t, c: "".join(ch for i, ch in enumerate(t) if i < c),
        FEW,
    ),
    _map(
        "doubled_words",
        ("write each word twice in a row, joined", "repeat every word right after itself, joined"),
        "t * 2",
        lambda t, _: f"{t}{t}",
    ),
    _map(
        "turned_words",
        (
            "move the first letter of each word to its end",
            "rotate every word left by one letter",
        ),
        "t[1:] + t[0]",
        lambda t, _: "".join([*t[1:], t[0]]),
    ),
    _step(
        W,
        "sorted_words",
        ("sort the words by character code", "arrange the words in increasing ASCII order"),
        "sorted(w)",
        lambda w, _: [t for key in sorted(set(w)) for t in w if t == key],
    ),
    _step(
        W,
        "words_by_length",
        (
            "sort the words by length, ties in their old order",
            "arrange the words from shortest to longest, equal ones as they were",
        ),
        "sorted(w, key=len)",
        lambda w, _: [t for n in sorted(set(map(len, w))) for t in w if len(t) == n],
    ),
    _step(
        W,
        "words_back",
        ("reverse the order of the words", "put the last word first and so on"),
        "w[::-1]",
        lambda w, _: list(reversed(w)),
    ),
    _step(
        W,
        "distinct_words",
        ("keep only the first copy of each word", "remove repeated words, keeping the first"),
        "list(dict.fromkeys(w))",
        lambda w, _: [t for i, t in enumerate(w) if t not in w[:i]],
    ),
    _step(
        W,
        "odd_words",
        (
            "keep the words at odd positions, counting from 1",
            "take each second word, from the first",
        ),
        "w[::2]",
        lambda w, _: [t for i, t in enumerate(w, 1) if i % 2],
    ),
    _step(
        W_TO_LIST,
        "lengths",
        ("replace each word by its length", "list the lengths of the words"),
        "[len(t) for t in w]",
        lambda w, _: [sum(1 for _ in t) for t in w],
    ),
    _step(
        W_TO_LIST,
        "vowel_counts",
        ("replace each word by its number of vowels", "list how many vowels each word has"),
        '[sum(ch in "aeiouAEIOU" for ch in t) for t in w]',
        lambda w, _: [len([ch for ch in t if _is_vowel(ch)]) for t in w],
    ),
    _step(
        W_TO_S,
        "glued",
        ("join the words without spaces", "glue all words together"),
        '"".join(w)',
        lambda w, _: "".join(ch for t in w for ch in t),
    ),
    _step(
        W_TO_S,
        "initials",
        ("join the first letters of the words", "make a string of the initials"),
        '"".join(t[0] for t in w)',
        lambda w, _: "".join(t[:1] for t in w),
    ),
    _step(
        W_TO_S,
        "longest",
        (
            "take the longest word, the first of several, or nothing if there is none",
            "pick the first word of greatest length, an empty string for no words",
        ),
        'max(w, key=len, default="")',
        lambda w, _: next((t for t in w if all(len(t) >= len(u) for u in w)), ""),
    ),
    _step(
        W_TO_S,
        "joined",
        ("join the words with dashes", "put '-' between the words"),
        '"-".join(w)',
        lambda w, _: "".join(t if i == 0 else "-" + t for i, t in enumerate(w)),
    ),
)
