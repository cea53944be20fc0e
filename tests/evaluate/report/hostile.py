"""A run by a model that attacks whoever reads its report."""

from __future__ import annotations

from dataclasses import replace

from tests.evaluate.runs import Run, run

MARK = "pwned"
ATTACKS = (
    f"</script><script>window.{MARK} = 1</script>",
    f"<img src=x onerror='window.{MARK} = 1'>",
    f"<svg onload=window.{MARK}=1><a href='javascript:window.{MARK}=1'>click",
    f"--></style></textarea></title></pre><script>window.{MARK} = 1</script><!--",
    "<iframe src='https://attacker.invalid/'></iframe><link rel=icon href=//attacker.invalid>",
    "<meta http-equiv=refresh content='0;url=https://attacker.invalid/'>",
    "line\u2028separator\u2029and \u202eright to left\u2066",
    "nul \x00 bell \x07 escape \x1b[2J\x1b]0;title\x07 c1 \x9b31m",
    "lone \ud800 surrogate \udfff",
    f"${{window.{MARK}=1}} {{{{x.constructor('window.{MARK}=1')()}}}} `${{1}}` &lt;b&gt;",
)
EVERYTHING = "\n".join(ATTACKS)


def hostile_run(problems: int = 12) -> Run:
    """Every text that a model or a data set gives holds every attack."""
    made = run(problems, 2, reasoning_chars=100)
    line = EVERYTHING.replace("\n", " ")
    listed = tuple(
        replace(
            about, title=f"{about.title} {line}", prompt=EVERYTHING,
            difficulty=f"hard {ATTACKS[0]}", platform=ATTACKS[1], date=ATTACKS[2],
            url=f"javascript:window.{MARK}=1",
        )
        for about in made.info.problems
    )  # fmt: skip
    info = replace(made.info, problems=listed, model=f"model {line}", source=line)
    samples = tuple(
        replace(sample, reasoning=EVERYTHING, answer=EVERYTHING, model=line)
        for sample in made.samples
    )
    verdicts = {
        checker: {
            key: replace(verdict, detail=line, program=f"print(1)  # {EVERYTHING}\n")
            for key, verdict in some.items()
        }
        for checker, some in made.verdicts.items()
    }
    return Run(info, samples, verdicts)
