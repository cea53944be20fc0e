"""A report as one HTML file that opens from disk and holds every sample.

What a model wrote is hostile, and there may be 300 MB of it. Each sample's texts are a data block
of their own: JSON, deflated, in base64, which can hold no tag. The page unpacks a block when its
sample is opened, and puts text into the document as text. A content security policy names the
digests of the page's one script and one style sheet: nothing else runs, and nothing is fetched.

Needs a browser with DecompressionStream: Chromium 80, Firefox 113, Safari 16.4 or newer.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import tempfile
import zlib
from contextlib import suppress
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from deepcoder_cli.errors import OutputError
from deepcoder_cli.evaluate.report.content import content
from deepcoder_cli.evaluate.report.page_index import PageIndex, told_of
from deepcoder_cli.evaluate.report.svg import budget_svg, lengths_svg, verdicts_svg
from deepcoder_cli.visible import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import IO

    from deepcoder_cli.evaluate.records import Sample, SampleVerdict
    from deepcoder_cli.evaluate.report.parts import Content, Published, Section
    from deepcoder_cli.evaluate.run_info import RunInfo
    from deepcoder_cli.evaluate.summary import Summary

LEVEL = 4  # of deflate: four times as fast as 6, and 5 to 12 % larger


def write_html(
    path: Path,
    info: RunInfo,
    summaries: Sequence[Summary],
    samples: Iterable[Sample],
    verdicts: Mapping[str, Mapping[str, SampleVerdict]],
    *,
    published: Sequence[Published] = (),
) -> None:
    """Write the report to `path`; an older file there stays until the new one is whole.

    Args:
        path: of the file.
        info: the run.
        summaries: one for each checker, all of one budget.
        samples: read once; one at a time is in memory.
        verdicts: by checker, then by sample key.
        published: to print beside the scores.

    Raises:
        OutputError: the file cannot be written.
    """
    made = content(info, summaries, published=published)
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file, tempfile.TemporaryFile(dir=path.parent) as blocks:
            index = _pack(info, samples, verdicts, blocks)
            file.write(_head(made))
            file.write(_body(made, summaries).encode())
            file.write(_block("index", index.data()))
            file.write(f"<script>{_resource('page.js')}</script>\n".encode())
            blocks.seek(0)
            shutil.copyfileobj(blocks, file, 1 << 20)
            file.write(b"</body>\n</html>\n")
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        reason = error.strerror or str(error)
        msg = f"the report cannot be written: {path} ({reason}). Name another place with --out."
        raise OutputError(msg) from error


def _pack(
    info: RunInfo,
    samples: Iterable[Sample],
    verdicts: Mapping[str, Mapping[str, SampleVerdict]],
    blocks: IO[bytes],
) -> PageIndex:
    """Write the data blocks; the index of them is known, and comes first, only afterwards."""
    index = PageIndex(info, tuple(verdicts))
    for number, problem in enumerate(info.problems):
        blocks.write(_block(f"p{number}", problem.prompt))
    for number, sample in enumerate(samples):
        judged = [some[sample.key] for some in verdicts.values() if sample.key in some]
        stranger = index.add(sample, judged)
        if stranger is not None:
            blocks.write(_block(f"p{stranger}", "(the run does not list this problem)"))
        blocks.write(_block(f"s{number}", told_of(sample, judged)))
    return index


def _block(name: str, value: object) -> bytes:
    """A data block: no browser runs a script of this type, and base64 cannot end it."""
    data = base64.b64encode(zlib.compress(json.dumps(value).encode("ascii"), LEVEL))
    return b'<script type="text/plain" id="%s">%s</script>\n' % (name.encode(), data)


def _resource(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _head(made: Content) -> bytes:
    script, style = _resource("page.js"), _resource("page.css")
    policy = (
        f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)}; "
        "base-uri 'none'; form-action 'none'"
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="referrer" content="no-referrer">
<title>{_said(made.title)}</title>
<style>{style}</style>
</head>
<body>
""".encode()


def _body(made: Content, summaries: Sequence[Summary]) -> str:
    facts = "".join(f"<dt>{_said(k)}</dt><dd>{_said(v)}</dd>" for k, v in made.facts)
    alerts = "".join(f'<p class="alert" role="alert">{_said(text)}</p>' for text in made.alerts)
    pictures = [budget_svg(summary) for summary in summaries]
    pictures += [verdicts_svg(summary) for summary in summaries]
    pictures.append(lengths_svg(summaries[0]))
    sections = "".join(map(_table, made.sections))
    return f"""<div id="report">
<h1>{_said(made.title)}</h1>
{alerts}
<dl class="facts">{facts}</dl>
<p><a href="#samples">To the samples</a></p>
<div class="parts">{sections}</div>
<div class="parts">{"".join(pictures)}</div>
{_resource("page.html")}"""


def _table(section: Section) -> str:
    kinds = [
        ' class="word"' if place == 0 or name == "checked by" else ""
        for place, name in enumerate(section.columns)
    ]
    head = "".join(
        f'<th scope="col"{kind}>{_said(name)}</th>'
        for kind, name in zip(kinds, section.columns, strict=True)
    )
    rows = "".join(
        "<tr>"
        + "".join(f"<td{k}>{_said(cell)}</td>" for k, cell in zip(kinds, row, strict=True))
        + "</tr>"
        for row in section.rows
    )
    head = f"<thead><tr>{head}</tr></thead>" if any(section.columns) else ""
    notes = "".join(f'<p class="note">{_said(note)}</p>' for note in section.notes)
    return (
        f"<section><h2>{_said(section.title)}</h2>"
        f'<div class="scroll"><table>{head}<tbody>{rows}</tbody></table></div>{notes}</section>\n'
    )


def _said(text: str) -> str:
    """Text for between tags or in an attribute; control characters come out as escapes."""
    return escape(escaped(text))
