"""The reference solution of a composition, and the R1-style completion that explains it."""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING

from deepcoder_cli.problems.generated.compose import STEP
from deepcoder_cli.problems.generated.outputs import RESULT

if TYPE_CHECKING:
    from deepcoder_cli.problems.generated.compose import Applied, Composition
    from deepcoder_cli.problems.generated.inputs import Form
    from deepcoder_cli.problems.generated.outputs import Layout


def filled(template: str, parameter: object) -> str:
    """The text or code with its parameter put in."""
    return template.replace("{c}", str(parameter))


def starter_code(composition: Composition, name: str) -> str:
    """What a function problem gives to start from."""
    return f"{_signature(composition, name)}        pass\n"


def stdin_program(composition: Composition, form: Form, layout: Layout) -> str:
    """A program that reads stdin and prints the answer."""
    value = filled(RESULT[composition.result.name].value, composition.result.parameter)
    body = [form.read, *_code(composition), layout.code.replace("{value}", value)]
    return "\n".join([*_imports(composition), *body]) + "\n"


def function_program(composition: Composition, name: str) -> str:
    """A program that completes the starter code."""
    value = filled(RESULT[composition.result.name].value, composition.result.parameter)
    body = indent("\n".join([*_code(composition), f"return {value}"]), " " * 8)
    imports = "".join(f"{line}\n" for line in _imports(composition))
    return f"{imports}{_signature(composition, name)}{body}\n"


def completion(composition: Composition, note: str, program: str) -> str:
    """Reasoning that restates the steps, ``</think>``, and the program in a fence.

    It follows a prompt that ends in ``<think>`` and a newline, as DeepSeek-R1's does.
    """
    steps = "\n".join(f"{i}. {text}" for i, text in enumerate(restated(composition), 1))
    return f"The input is {note}.\n{steps}\n</think>\n\n```python\n{program}```"


def restated(composition: Composition) -> list[str]:
    """The steps and the result in their plain wording, a sentence each."""
    result = RESULT[composition.result.name]
    texts = [wording(part, 0) for part in composition.steps]
    last = filled(result.texts[0].replace("{verb}", "give"), composition.result.parameter)
    return [f"{text[0].upper()}{text[1:]}." for text in (*texts, last)]


def wording(step: Applied, choice: int) -> str:
    """One of the step's paraphrases, by any whole number."""
    texts = STEP[step.name].texts
    return filled(texts[choice % len(texts)], step.parameter)


def _code(composition: Composition) -> list[str]:
    return [filled(STEP[part.name].code, part.parameter) for part in composition.steps]


def _imports(composition: Composition) -> list[str]:
    lines = (line for part in composition.steps for line in STEP[part.name].imports)
    return list(dict.fromkeys(lines))


def _signature(composition: Composition, name: str) -> str:
    arguments = ", ".join(f"{n}: {t}" for n, t in composition.domain.parameters)
    result = RESULT[composition.result.name].type
    return f"class Solution:\n    def {name}(self, {arguments}) -> {result}:\n"
