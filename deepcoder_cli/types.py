"""The frozen values that flow from problem to verdict. No behaviour beyond small questions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Role = Literal["user", "assistant", "system"]
FinishReason = Literal["stop", "length", "cancelled"]
OpensThink = Literal["auto", "yes", "no"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation. An assistant turn holds the answer alone, without reasoning."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model that was found: the name the user gave, and the GGUF file it stands for."""

    name: str
    path: Path
    builtin: bool = False


@dataclass(frozen=True, slots=True)
class EndpointRef:
    """A model behind an OpenAI Chat Completions server. It never holds a key, only where one is.

    Attributes:
        name: as the user gave it: an address, or the name of a configured endpoint.
        url: the base address, such as `http://localhost:8000/v1`; no user, query or last slash.
        model: as the server calls it; None takes the only one that the server lists.
        key_envs: environment variables that may hold the key; the first that is set is sent.
        needs_key: whether it is an error that none of them is set.
        context_tokens: longest prompt plus completion; None asks the server.
        opens_think: whether the prompt ends with an open `<think>`, so that the content begins
            inside the reasoning; see `inference.openai.think`.
        connect_s: longest wait for a connection.
        stall_s: longest wait for the next byte, the first included.
        retries: how often a request is sent again before its first event.
        body: further fields of every request, as the server knows them.
    """

    name: str
    url: str
    model: str | None = None
    key_envs: tuple[str, ...] = ()
    needs_key: bool = False
    context_tokens: int | None = None
    opens_think: OpensThink = "auto"
    connect_s: float = 10.0
    stall_s: float = 300.0
    retries: int = 4
    body: Mapping[str, object] = field(default_factory=dict, hash=False)
    builtin: ClassVar[bool] = False


AnyModelRef = ModelRef | EndpointRef


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """How to sample; the defaults are the DeepCoder model card's.

    Attributes:
        temperature: 0 is greedy.
        top_p: nucleus mass kept.
        max_tokens: budget of new tokens, reasoning included; the context bounds it too.
        seed: makes a run repeatable on one machine and build; None draws a fresh seed.
    """

    temperature: float = 0.6
    top_p: float = 0.95
    max_tokens: int = 65536
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one completion; `cached_tokens` of the prompt were not evaluated again.

    `reported` is False where an endpoint did not tell: `completion_tokens` then counts the pieces
    that were streamed (a token each on most servers), and the others are 0.
    """

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    reported: bool = True


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model answered: its reasoning and its answer apart, and why it ended."""

    reasoning: str
    answer: str
    finish_reason: FinishReason
    usage: Usage


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run of a program may use.

    Attributes:
        cpu_s: CPU time; what TLE is decided on.
        wall_s: wall time; None means 3 x cpu_s + 2, a backstop that a loaded host does not reach.
        memory_mib: resident memory; what MLE is decided on.
        output_kib: cap of stdout, and of stderr, each.
    """

    cpu_s: float = 10.0
    wall_s: float | None = None
    memory_mib: int = 1024
    output_kib: int = 16384

    @property
    def wall_limit_s(self) -> float:
        """The wall limit in force, in seconds."""
        return self.wall_s if self.wall_s is not None else 3 * self.cpu_s + 2


@dataclass(frozen=True, slots=True)
class TestCase:
    """One input with its expected output.

    For a problem with a `function`, `input` holds one JSON value a line (an argument each)
    and `output` one JSON value: the LiveCodeBench form.
    """

    __test__ = False  # not a pytest class

    input: str
    output: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A programming problem.

    Attributes:
        id: a stable name, for files and reports.
        title: one line.
        statement: Markdown as the model sees it, examples included.
        examples: the tests shown in the statement.
        tests: further tests that the statement does not show.
        starter_code: code the answer must start from, or None.
        function: name of the function to call; None means stdin to stdout.
        limits: what each run of a program may use.
        checker: name of the comparison in `sandbox.checkers`.
    """

    id: str
    title: str
    statement: str
    examples: tuple[TestCase, ...] = ()
    tests: tuple[TestCase, ...] = ()
    starter_code: str | None = None
    function: str | None = None
    limits: Limits = Limits()
    checker: str = "tokens"


@dataclass(frozen=True, slots=True)
class Candidate:
    """The program extracted from one completion; None when the completion held no program."""

    index: int
    program: str | None
    completion: Completion
