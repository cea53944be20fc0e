"""A generated problem written to a file is read back as the very same problem.

The built-in model is trained on the generated problem and asked with the one that was read.
"""

from __future__ import annotations

import pytest

from deepcoder_cli.problems.generated.catalogue import compositions
from deepcoder_cli.problems.generated.markdown import to_markdown
from deepcoder_cli.problems.generated.render import generate
from deepcoder_cli.problems.markdown import read
from deepcoder_cli.prompts import user_text


@pytest.mark.parametrize("split", ["train", "heldout"])
def test_reading_gives_back_what_was_generated(split: str) -> None:
    chosen = list(compositions(split))  # type: ignore[arg-type]
    for variant, composition in enumerate(chosen[:: max(1, len(chosen) // 400)]):
        made = generate(composition, variant).problem
        reading = read(to_markdown(made), made.id)

        assert reading.notes == ()
        assert user_text(reading.problem) == user_text(made)
        assert reading.problem.function == made.function
        assert [(e.input.strip(), e.output.strip()) for e in made.examples] == [
            (e.input.strip(), e.output.strip()) for e in reading.problem.examples
        ]
