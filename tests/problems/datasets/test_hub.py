"""Data sets on the hub: the real huggingface_hub client against a small hub on this machine."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deepcoder_cli.problems.datasets.hub import HubAddress, hub_address
from tests.problems.datasets import records as r

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("huggingface_hub", reason="the extra [eval] is not installed")
ROOT = Path(__file__).resolve().parents[3]
COMMIT = "c" * 40
FILES = {
    "README.md": b"# About",
    "test.jsonl": json.dumps(r.LCB_STDIN).encode() + b"\n",
    "test2.jsonl": json.dumps(r.LCB_FUNCTIONAL).encode() + b"\n",
    "more/test3.jsonl": json.dumps(r.LCB_ATCODER).encode() + b"\n",
}


class Hub(BaseHTTPRequestHandler):
    """As much of the hub as a data set's listing and its files need."""

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, *, body: bool) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/api/datasets/org/name"):
            siblings = [{"rfilename": name} for name in FILES]
            found: bytes | None = json.dumps(
                {"id": "org/name", "sha": COMMIT, "siblings": siblings}
            ).encode()
        elif path.startswith("/datasets/org/name/resolve/"):
            found = FILES.get(path.split("/resolve/")[1].partition("/")[2])
        else:
            found = None
        self.send_response(200 if found is not None else 404)
        if found is None:
            self.send_header(
                "X-Error-Code", "RepoNotFound" if "name" not in path else "EntryNotFound"
            )
        data = found or b""
        self.send_header("ETag", f'"{hashlib.sha1(data).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data)


@contextmanager
def a_hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def opened(source: str, endpoint: str, cache: Path, **how: object) -> dict[str, object]:
    """What a fresh process reads of `source`; its error's text when there is one."""
    program = f"""
import json
from deepcoder_cli.errors import InputError
from deepcoder_cli.problems.datasets import open_dataset
try:
    data = open_dataset({source!r}, **{how!r})
    ids = [got.problem.id for got in data]
    print(json.dumps({{"ids": ids, "source": data.source, "sha256": data.sha256}}))
except InputError as error:
    print(json.dumps({{"error": str(error)}}))
"""
    env = {
        **os.environ, "HF_ENDPOINT": endpoint, "HF_HOME": str(cache), "HF_HUB_DISABLE_XET": "1",
        "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT,
        env=env, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def test_a_data_set_is_listed_downloaded_and_named_by_its_commit(tmp_path: Path) -> None:
    with a_hub() as endpoint:
        got = opened("org/name", endpoint, tmp_path)
        part = opened("org/name@main:more", endpoint, tmp_path)
        one = opened("org/name:test2.jsonl", endpoint, tmp_path)
        chosen = opened("org/name", endpoint, tmp_path, files=["test2.jsonl", "test.jsonl"])
    again = opened("org/name:test2.jsonl", endpoint, tmp_path)  # the hub is gone, the cache is not

    assert got == {
        "ids": ["abc387_c", "1873_A", "3613"],
        "source": f"org/name@{COMMIT}",
        "sha256": "",
    }
    assert part["ids"] == ["abc387_c"]
    assert one["ids"] == ["3613"]
    assert chosen["ids"] == ["3613", "1873_A"]
    assert again["ids"] == ["3613"]


def test_what_the_hub_does_not_have_is_said(tmp_path: Path) -> None:
    with a_hub() as endpoint:
        nothing = opened("org/none", endpoint, tmp_path)
        no_file = opened("org/name:test9.jsonl", endpoint, tmp_path)
        no_data = opened("org/name:less", endpoint, tmp_path)

    assert "there is none of that name" in str(nothing["error"])
    assert "org/name:test9.jsonl" in str(no_file["error"])
    assert "no data file on the hub: org/name:less" in str(no_data["error"])


def test_offline_says_what_to_fetch_where_there_is_a_network(tmp_path: Path) -> None:
    got = opened("livecodebench/code_generation_lite", "http://127.0.0.1:9", tmp_path)

    assert "\n" not in str(got["error"])
    assert (
        "Get it where there is a network: hf download livecodebench/code_generation_lite "
        "--repo-type dataset --include '*.jsonl' --local-dir code_generation_lite"
    ) in str(got["error"])


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("org/name", HubAddress("org/name")),
        ("org/name@v1", HubAddress("org/name", "v1")),
        ("org/name:data/a.parquet", HubAddress("org/name", "main", "data/a.parquet")),
        ("org/name@refs/pr/1:data/", HubAddress("org/name", "refs/pr/1", "data")),
        ("./org/name", None),
        ("/org/name", None),
        ("a/b/c", None),
        ("name", None),
        ("folder/test.jsonl", None),
        ("folder/train.parquet", None),
        ("", None),
    ],
)
def test_addresses(source: str, address: HubAddress | None) -> None:
    assert hub_address(source) == address
    if address is not None:
        assert hub_address(str(address)) == address
