"""How a zygote is started under bubblewrap."""

from __future__ import annotations

import importlib.util
import json
from functools import cached_property
from pathlib import Path

from deepcoder_cli.sandbox import layout
from deepcoder_cli.sandbox.inside.protocol import PROGRAM_FD
from deepcoder_cli.sandbox.runner import Tier
from deepcoder_cli.sandbox.seccomp import OWN_PID_MARK
from deepcoder_cli.sandbox.seccomp.staged import child_filter, zygote_filter
from deepcoder_cli.sandbox.supervision import Launch
from deepcoder_cli.sandbox.uids import next_uid

PACKAGES = "/opt/packages"
SHARED_PACKAGES = ("numpy",)  # what programs of contests import; with the folder of its libraries


class BubblewrapLauncher:
    """Zygotes in namespaces of their own, on a file system on which nothing can be written."""

    def __init__(
        self, bwrap: str, python: layout.Interpreter | None = None, tier: Tier = Tier.A
    ) -> None:
        """Use the bwrap at path `bwrap`."""
        self.tier = tier
        self.hosts = True
        self._bwrap = bwrap
        self._python = python or layout.current_interpreter()

    def launch(self, preload: tuple[str, ...]) -> Launch:
        """How to start a zygote that has the modules `preload` imported."""
        as_root = layout.running_as_root()
        plan = {
            "uid": next_uid() if as_root else 0,
            "connection": "@0@",
            "control": "@2@",
            "alive": "@alive@",
            "base": (zygote_filter(PROGRAM_FD) or b"").hex(),
            "strict": (child_filter() or b"").hex(),
            "native": (child_filter(native=True) or b"").hex(),
            "hosted": (child_filter(own_pid=True) or b"").hex(),
            "mark": OWN_PID_MARK,
            "read": ["/"],
            "packages": [PACKAGES],
            "preload": list(preload),
        }
        return Launch(
            argv=(
                *(self._bwrap, "--info-fd", "@info@"),
                *layout.arguments(self._python, as_root=as_root),
                *self._mounts,
                *("--perms", "0444", "--file", "@3@", layout.ARCHIVE),
                *("--symlink", f"/proc/self/fd/{PROGRAM_FD}", f"{layout.WORKDIR}/main.py"),
                *("--remount-ro", layout.WORKDIR, "--remount-ro", "/", "--"),
                *(self._python.inside, "-S", layout.ARCHIVE, "zygote"),
                json.dumps(plan),
            ),
            files=(layout.inside_archive(),),
        )

    @cached_property
    def _mounts(self) -> tuple[str, ...]:
        """Packages that programs may import, read-only; and a quiet linear algebra."""
        words = ["--setenv", "OPENBLAS_NUM_THREADS", "1", "--perms", "0755", "--dir", PACKAGES]
        for folder in package_folders():
            words += ["--ro-bind", str(folder), f"{PACKAGES}/{folder.name}"]
        return tuple(words)


def package_folders() -> list[Path]:
    """Where the packages that programs may import lie on the host, with their shared libraries."""
    found = []
    for name in SHARED_PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            folder = Path(spec.origin).parent
            libraries = folder.with_name(f"{name}.libs")
            found += [folder, *([libraries] if libraries.is_dir() else [])]
    return found
