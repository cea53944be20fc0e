"""Data sets on the Hugging Face hub: `org/name`, `org/name@revision`, `org/name:path/in/it`.

Files are downloaded one by one when they are reached, into huggingface_hub's own cache, and at one
commit: what a run read can be named. An address without a path needs the network, for the list of
files; one with a path is served from the cache where there is no network.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepcoder_cli.errors import InputError
from deepcoder_cli.problems.datasets.files import is_data
from deepcoder_cli.problems.datasets.published import how_to_get

if TYPE_CHECKING:
    from collections.abc import Sequence

_PART = r"[\w.-]{1,96}"
_ADDRESS = re.compile(
    rf"(?P<id>{_PART}/{_PART})(?:@(?P<revision>[\w./-]{{1,200}}))?(?::(?P<path>[^:]{{1,500}}))?"
)


@dataclass(frozen=True, slots=True)
class HubAddress:
    """A data set on the hub, at a revision; `path` is a file or a folder in it, "" for all."""

    id: str
    revision: str = "main"
    path: str = ""

    def __str__(self) -> str:
        """As users write it."""
        revision = "" if self.revision == "main" else f"@{self.revision}"
        return f"{self.id}{revision}{':' if self.path else ''}{self.path}"


def hub_address(source: str) -> HubAddress | None:
    """`source` as an address; None when it is none, or ends like a data file's path.

    >>> hub_address("org/name@v1:data/train.parquet")
    HubAddress(id='org/name', revision='v1', path='data/train.parquet')
    >>> hub_address("data/train.jsonl") is None
    True
    """
    match = _ADDRESS.fullmatch(source)
    if match is None or source.startswith((".", "/", "~")) or is_data(match["id"]):
        return None
    return HubAddress(match["id"], match["revision"] or "main", (match["path"] or "").strip("/"))


def files_at(address: HubAddress, names: Sequence[str] | None) -> tuple[HubAddress, list[str]]:
    """The data files at an address, sorted, and the address at the commit they are of.

    Args:
        address: where.
        names: the files wanted, in this order, relative to the address's path; None for all.

    Raises:
        InputError: no network, no such data set, or no data file there.
    """
    if names:
        prefix = f"{address.path}/" if address.path else ""
        return address, [prefix + name for name in names]
    if is_data(address.path):
        return address, [address.path]
    hub = _hub(address)
    try:
        info = hub.HfApi().dataset_info(address.id, revision=address.revision)
    except _failures() as error:
        raise _unreachable(address, error) from error
    found = sorted(
        entry.rfilename
        for entry in info.siblings or ()
        if is_data(entry.rfilename)
        and (not address.path or entry.rfilename.startswith(f"{address.path}/"))
    )
    if any(name.endswith(".parquet") for name in found):  # the same rows in a second form
        found = [name for name in found if name.endswith(".parquet")]
    if not found:
        message = f"no data file on the hub: {address} (JSONL or Parquet)."
        raise InputError(f"{message} Check the path in it.")
    return HubAddress(address.id, info.sha or address.revision, address.path), found


def fetched(address: HubAddress, name: str) -> Path:
    """The local copy of a file, downloaded when it is not in the cache.

    Raises:
        InputError: it cannot be had.
    """
    hub = _hub(address)
    try:
        return Path(
            hub.hf_hub_download(address.id, name, repo_type="dataset", revision=address.revision)
        )
    except _failures() as error:
        raise _unreachable(address, error) from error


def _hub(address: HubAddress) -> Any:  # noqa: ANN401 - a module, imported late
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        import huggingface_hub
    except ImportError as error:
        message = f"the hub cannot be asked for {address} (huggingface-hub is not installed)."
        raise InputError(f"{message} Run: pip install 'deepcoder-cli[eval]'") from error
    return huggingface_hub


def _failures() -> tuple[type[Exception], ...]:
    import httpx
    from huggingface_hub.errors import HFValidationError

    return (OSError, httpx.HTTPError, HFValidationError)  # the hub's errors are OSErrors


def _unreachable(address: HubAddress, error: Exception) -> InputError:
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    if isinstance(error, GatedRepoError):
        why, then = "its owner has to grant access", "Ask for it on its page, then: hf auth login"
    elif isinstance(error, RepositoryNotFoundError):
        why, then = "there is none of that name", how_to_get(None, address.id)
    else:
        why = next((s for s in str(error).splitlines() if s.strip()), type(error).__name__)[:200]
        then = f"{how_to_get(None, address.id)}, then give that folder in place of the id."
    return InputError(f"data set cannot be had from the hub: {address} ({why}). {then}")
