"""The programs that are timed, and fifteen generated tests for each.

Inputs come from a seeded generator; the expected output of a test is what the bare interpreter
prints (`arms.expected_outputs`), so that the same text is compared in every arm.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PROGRAMS = Path(__file__).with_name("programs")
TESTS = 15


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One program and the inputs of its tests, in order."""

    name: str
    file: Path
    inputs: tuple[str, ...]

    @property
    def source(self) -> str:
        """The text of the program."""
        return self.file.read_text(encoding="utf-8")


def add_two(random: Random, size: int) -> str:
    return f"{random.randrange(10**6)} {random.randrange(size * 10**9)}\n"


def words(random: Random, size: int) -> str:
    some = ["".join(random.choices("abcdeAB", k=random.randint(1, 3))) for _ in range(20 * size)]
    return "".join(" ".join(some[i : i + 8]) + "\n" for i in range(0, len(some), 8))


def brackets(random: Random, size: int) -> str:
    return f"{size}\n" + "".join(_bracket_line(random, 10 * size) + "\n" for _ in range(size))


def _bracket_line(random: Random, steps: int) -> str:
    text, stack = "", ""
    for _ in range(steps):
        if stack and random.random() < 0.5:
            text, stack = text + stack[-1], stack[:-1]
        else:
            kind = random.randrange(3)
            text, stack = text + "([{"[kind], stack + ")]}"[kind]
    return text + (stack[::-1] if random.random() < 0.7 else ")")


def range_sums(random: Random, size: int) -> str:
    n = q = 40 * size
    lines = [f"{n} {q}", " ".join(str(random.randint(-(10**9), 10**9)) for _ in range(n))]
    for _ in range(q):
        left, right = sorted((random.randint(1, n), random.randint(1, n)))
        lines.append(f"{left} {right}")
    return "\n".join(lines) + "\n"


def knapsack(random: Random, size: int) -> str:
    n, capacity = 2 * size, 30 * size
    items = (f"{random.randint(1, capacity)} {random.randint(1, 10**9)}\n" for _ in range(n))
    return f"{n} {capacity}\n" + "".join(items)


def shortest_path(random: Random, size: int) -> str:
    n, m = 10 * size, 25 * size
    lines = [f"{n} {m} {random.randint(1, n)}"]
    for _ in range(m):
        a, b = random.randint(1, n), random.randint(1, n)
        lines.append(f"{a} {b} {random.randint(1, 10**6)}")
    return "\n".join(lines) + "\n"


def islands(random: Random, size: int) -> str:
    rows, columns = 3 * size, 4 * size
    grid = ("".join(random.choices(".#", (4, 5), k=columns)) + "\n" for _ in range(rows))
    return f"{rows} {columns}\n" + "".join(grid)


def spanning_tree(random: Random, size: int) -> str:
    n, m = 10 * size, 30 * size
    edges = (f"{random.randint(1, n)} {random.randint(1, n)} {random.randint(1, 999)}\n"
             for _ in range(m))  # fmt: skip
    return f"{n} {m}\n" + "".join(edges)


def segment_tree(random: Random, size: int) -> str:
    n, q = 8 * size, 6 * size
    lines = [f"{n} {q}", " ".join(str(random.randint(-999, 999)) for _ in range(n))]
    for _ in range(q):
        left, right = sorted((random.randint(1, n), random.randint(1, n)))
        add = random.random() < 0.5
        lines.append(f"add {left} {right} {random.randint(-99, 99)}" if add
                     else f"min {left} {right}")  # fmt: skip
    return "\n".join(lines) + "\n"


def calculator(random: Random, size: int) -> str:
    def term(depth: int) -> str:
        kind = random.random()
        if depth == 0 or kind < 0.2:
            return random.choice("xyz") if kind < 0.1 else str(random.randint(1, 99))
        if kind < 0.3:
            return f"{random.choice(['min', 'max'])}({term(depth - 1)}, {term(depth - 1)})"
        return f"({term(depth - 1)} {random.choice('+-*/%')} {term(depth - 1)})"

    lines = ["x = 3", "y = x ** 2 - 1", "z = fib(20)"]
    lines += [random.choice(["", "x = ", "y = "]) + term(3) for _ in range(size)]
    return "\n".join(lines) + "\n"


def primes(random: Random, size: int) -> str:
    return f"{4000 * size + random.randrange(1000)}\n"


def matrix_numpy(random: Random, size: int) -> str:
    n = 3 + size
    rows = (" ".join(str(random.randrange(1000)) for _ in range(n)) + "\n" for _ in range(n))
    return f"{n} {random.randint(2, 10**6)}\n" + "".join(rows)


# Tiny to 190 lines. The first ten do as little as a typical test does; `primes` really computes.
TYPICAL: tuple[Callable[[Random, int], str], ...] = (
    add_two, words, brackets, range_sums, knapsack, shortest_path, islands, spanning_tree,
    segment_tree, calculator,
)  # fmt: skip
HEAVY = (primes,)


def benchmark_of(
    make: Callable[[Random, int], str], *, tests: int = TESTS, suffix: str = ".py"
) -> Benchmark:
    """The program that `make` is named after, with `tests` inputs of growing size."""
    name = make.__name__
    inputs = tuple(make(Random(f"{name} {i}"), 1 + i) for i in range(tests))
    return Benchmark(name + suffix.removesuffix(".py"), PROGRAMS / (name + suffix), inputs)
