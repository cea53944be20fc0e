"""The report as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.sandbox.report import BOUNDS, QUIET

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Numbers = dict[str, Any]
BOUND_THROUGHPUT, BOUND_SCALING = 6000, 0.85
RATIOS_MEAN = (
    "Time of ours (`judge`, verdicts included) divided by the peer's on the same program in the "
    "same round: the median of the pairs, and the interval that holds it 95 times in 100. `sum` "
    "is the time of all programs together. The in-process grader forks from a process that has "
    "loaded what LiveCodeBench's has, or torch as well, as a trainer has."
)
PROGRAMS_MEAN = "Wall / CPU, medians; a program's fifteen tests divided by fifteen."


def document(facts: Numbers, numbers: Numbers) -> str:
    """The whole report; a section that was not measured is left out."""
    parts = [
        "# The sandbox against its peers",
        _machine(facts, numbers),
        *_section(
            "Ratios", RATIOS_MEAN,
            _ratios("ten typical programs", numbers["ratios"]),
            _ratios("one that computes for milliseconds", numbers["heavy"]),
            _ratios("a program that imports numpy", numbers["numpy"]),
        ),
        *_section("Milliseconds of one run", PROGRAMS_MEAN, _programs(numbers["programs"])),
        *_section("Throughput", "", _throughput(numbers["throughput"])),
        *_section(
            "Latency", "", _simple("dispatch of an empty program, wall ms", numbers["latency_ms"])
        ),
        *_section("Start of a process", "", _cold(numbers["cold_ms"])),
        *_section("C++", "", _simple("one program, fifteen tests, ms for all", numbers["cpp_ms"])),
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _section(title: str, meaning: str, *bodies: str) -> list[str]:
    filled = [body for body in bodies if body]
    return [f"## {title}", *([meaning] if meaning else []), *filled] if filled else []


def _machine(facts: Numbers, numbers: Numbers) -> str:
    root = "as root" if facts["root"] else "as an ordinary user"
    return (
        f"{facts['date']}, commit {facts['commit']}, {facts['cpu']}, {facts['cores']} cores, "
        f"{facts['memory_gib']} GiB, Linux {facts['kernel']}, Python {facts['python']}, "
        f"{facts['bubblewrap']}, tier {facts['tier']}, {root}. CPU time is {facts['cpu_meter']}: "
        "caller, supervisor, zygotes, children and bubblewrap all counted (the sum over /proc "
        f"gives {facts['proc_over_group']:.3f} times as much). Other work on the machine used "
        f"{numbers['others_share']:.2f} of a core meanwhile. `bare: plain` starts the interpreter "
        f"as it is, with {facts['pth_files']} .pth files in its site-packages; `bare: clean` the "
        "same one without packages. Raw rows: rows.jsonl; made by `python -m benchmarks.sandbox`."
    )


def _ratios(title: str, ratios: Numbers) -> str:
    rows = [
        (peer, *(_ratio(entry.get(name), BOUNDS.get((peer, name))) for name in ("wall", "cpu")))
        for peer, entry in ratios.items()
        if entry
    ]
    return table((f"{title}: ours divided by", "wall", "CPU"), rows) if rows else ""


def _ratio(entry: Numbers | None, bound: float | None) -> str:
    if entry is None:
        return "not measured"
    text = f"{entry['median']:.2f} ({entry['low']:.2f} to {entry['high']:.2f}; "
    text += f"sum {entry['sum']:.2f})"
    if bound is None:
        return text
    kept = "" if entry["median"] <= bound else ", missed"
    return f"**{text}** (bound {bound:.2f}{kept})"


def _programs(programs: Numbers) -> str:
    if not programs:
        return ""
    arms = list(dict.fromkeys(arm for found in programs.values() for arm in found))
    rows = [(name, *(_pair(found.get(arm)) for arm in arms)) for name, found in programs.items()]
    return table(("program", *arms), rows)


def _pair(entry: Numbers | None) -> str:
    return "-" if entry is None else f"{entry['wall']:.1f} / {entry['cpu']:.1f}"


def _throughput(numbers: Numbers) -> str:
    if not numbers["runs_a_minute"]:
        return ""
    rows = [
        (arm, f"{count:,}", f"{numbers['runs_a_cpu_minute'][arm]:,}")
        for arm, count in numbers["runs_a_minute"].items()
    ]
    lines = table(("workers", "judged runs a minute", "runs a CPU minute"), rows)
    scaling = numbers.get("scaling_1_to_2")
    if scaling is None:
        return lines
    kept = "" if scaling >= BOUND_SCALING else ", missed"
    return (
        f"{lines}\n\nScaling from one to two workers: **{scaling:.2f}** "
        f"(bound {BOUND_SCALING}{kept}); bound of the throughput: {BOUND_THROUGHPUT:,} a core. "
        f"In {numbers['busy']} of {numbers['rounds']} rounds other work used more than {QUIET} of "
        f"a core; they {'are left out' if numbers['left_out'] else 'count all the same'}."
    )


def _cold(steps: Numbers) -> str:
    if not steps:
        return ""
    return table(("step, in turn", "ms"), [(step, f"{ms:.0f}") for step, ms in steps.items()])


def _simple(title: str, numbers: Numbers) -> str:
    if not numbers:
        return ""
    columns = list(next(iter(numbers.values())))
    rows = [(arm, *(f"{entry[c]:.2f}" for c in columns)) for arm, entry in numbers.items()]
    return table((title, *columns), rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, *rows]
    text = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([text[0], "|" + "---|" * len(head), *text[1:]])
