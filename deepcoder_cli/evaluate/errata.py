"""Errata: problems of benchmarks that are known to be faulty, so that scores can be told without.

Every score is reported twice where a list touches it: with all problems, and without the listed
ones. Nothing is ever dropped in silence. The package's own list is `errata.toml`; a user's file
adds to it, and replaces an entry of the same benchmark and problem. The format:

    [[erratum]]
    benchmark = "humaneval+"       # a name without its version
    problem = "HumanEval/32"       # the id in samples and verdicts
    wrong = "what is wrong"
    since = "v0.1.10"              # the version it was seen in; optional, for people
    source = "who says so"
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from deepcoder_cli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

OWN = Path(__file__).with_name("errata.toml")


@dataclass(frozen=True, slots=True)
class Erratum:
    """A problem that is known to be faulty.

    Attributes:
        benchmark: name without version, lower case.
        problem: its id.
        wrong: what is.
        source: who says so.
        since: the version of the benchmark it was seen in; "" where not said.
    """

    benchmark: str
    problem: str
    wrong: str
    source: str
    since: str = ""


class _OfProblem(Protocol):
    @property
    def problem(self) -> str: ...


Item = TypeVar("Item", bound=_OfProblem)


def load_errata(user_file: Path | None = None) -> tuple[Erratum, ...]:
    """The package's errata and the user's.

    Raises:
        InputError: the user's file cannot be read, is not TOML, or an entry is not complete.
    """
    found = {(one.benchmark, one.problem): one for one in read_errata(OWN)}
    if user_file is not None:
        found |= {(one.benchmark, one.problem): one for one in read_errata(user_file)}
    return tuple(found.values())


def read_errata(path: Path) -> tuple[Erratum, ...]:
    """The entries of one file.

    Raises:
        InputError: as `load_errata`; or a problem is there twice.
    """
    try:
        table = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError as error:
        raise InputError(f"errata file not found: {path}. Check the path.") from error
    except OSError as error:
        msg = f"errata file cannot be read: {path} ({error.strerror}). Make it readable."
        raise InputError(msg) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"errata file is not TOML: {path} ({error}). Mend it.") from error
    entries = table.get("erratum", [])
    if set(table) - {"erratum"} or not isinstance(entries, list):
        msg = f"errata file has other parts than [[erratum]]: {path} ({', '.join(table)})."
        raise InputError(f"{msg} Remove them.")
    errata = [_erratum(entry, f"{path} erratum {n}") for n, entry in enumerate(entries, 1)]
    keys = [(one.benchmark, one.problem) for one in errata]
    if twice := next((key for key in keys if keys.count(key) > 1), None):
        raise InputError(f"erratum twice in {path}: {' '.join(twice)} (once). Remove one.")
    return tuple(errata)


def _erratum(entry: object, place: str) -> Erratum:
    known = [field.name for field in fields(Erratum)]
    if not isinstance(entry, dict):
        raise InputError(f"{place} is no table ({', '.join(known)}). Write [[erratum]].")
    for key, value in entry.items():
        if key not in known:
            msg = f"unknown key in {place}: {key!r} (known: {', '.join(known)})."
            raise InputError(f"{msg} Remove it.")
        if not isinstance(value, str):
            raise InputError(f"{place}: {key} is {value!r:.60} (a text). Mend it.")
    missing = [key for key in known if key != "since" and not entry.get(key)]
    if missing:
        raise InputError(f"{place} lacks {missing[0]} ({', '.join(known)}). Add it.")
    return Erratum(**{**entry, "benchmark": entry["benchmark"].lower()})


def faulty(errata: Iterable[Erratum], benchmark: str) -> dict[str, Erratum]:
    """The errata of a benchmark, by problem; its version, after a colon, does not matter.

    >>> list(faulty(load_errata(), "humaneval+:v0.1.10"))
    ['HumanEval/32']
    """
    name = benchmark.partition(":")[0].lower()
    return {one.problem: one for one in errata if one.benchmark == name}


def without_errata(
    items: Iterable[Item], errata: Iterable[Erratum], benchmark: str
) -> tuple[list[Item], tuple[Erratum, ...]]:
    """What is left of samples or verdicts, and the errata that took something away.

    Where the second is empty, the score without errata is the score.
    """
    listed = faulty(errata, benchmark)
    kept: list[Item] = []
    touched: dict[str, Erratum] = {}
    for item in items:
        if item.problem in listed:
            touched[item.problem] = listed[item.problem]
        else:
            kept.append(item)
    return kept, tuple(touched.values())
