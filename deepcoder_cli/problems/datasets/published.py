"""Where each data set is published, for the message that says how to get it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Published:
    """A data set on the Hugging Face hub.

    Attributes:
        id: of the data set.
        size: as far as it is known, in words.
        files: what to fetch of it; "" for all.
    """

    id: str
    size: str
    files: str = ""

    @property
    def folder(self) -> str:
        """The name of the folder that `command` fills."""
        return self.id.partition("/")[2]

    @property
    def command(self) -> str:
        """The command that fetches it into a folder here."""
        include = f" --include '{self.files}'" if self.files else ""
        return f"hf download {self.id} --repo-type dataset{include} --local-dir {self.folder}"


PUBLISHED = {
    "livecodebench": Published(
        "livecodebench/code_generation_lite", "six files, release v5 is the first five", "*.jsonl"
    ),
    "taco": Published("likaixin/TACO-verified", "about 7.5K problems of the recipe are from it"),
    "synthetic-1": Published("PrimeIntellect/verifiable-coding-problems", "10.8 GB"),
    "deepcoder": Published("agentica-org/DeepCoder-Preview-Dataset", "about 24K problems"),
    "codeforces": Published("Qwen/CodeElo", "statements with their samples"),
}


def how_to_get(format: str | None, wanted: str = "") -> str:
    """One or two sentences: where a format's data is published, and the command to fetch it.

    Args:
        format: its name; None guesses it from `wanted`.
        wanted: what the user asked for.
    """
    found = PUBLISHED.get(format or "") or _guess(wanted)
    if found is None:
        names = ", ".join(published.id for published in PUBLISHED.values())
        return f"Check the path. Published on the Hugging Face hub: {names}."
    return (
        f"{found.id} ({found.size}) is published on the Hugging Face hub. "
        f"Get it where there is a network: {found.command}"
    )


def _guess(wanted: str) -> Published | None:
    text = wanted.lower()
    for name, published in PUBLISHED.items():
        if published.id.lower() in text or published.folder.lower() in text or name in text:
            return published
    return None
