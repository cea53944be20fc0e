"""What is shipped: the wheel holds the three packages with their data, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("deepcoder_cli/", "quantize/", "finetune/")
NANO = "deepcoder_cli/models/nano/nano-f16.gguf"


def tracked_files() -> list[str]:
    """The files git tracks that are still there, as paths from the root."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: the wheel is compared with the tracked files")
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel built from it, of the tracked files alone."""
    source = tmp_path_factory.mktemp("source")
    for name in tracked_files():
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    return out


@pytest.fixture(scope="module")
def wheel(built: Path) -> zipfile.ZipFile:
    """The wheel, opened."""
    return zipfile.ZipFile(next(built.glob("*.whl")))


def test_the_wheel_holds_the_tracked_files_of_the_three_packages(wheel: zipfile.ZipFile) -> None:
    shipped = {name for name in wheel.namelist() if ".dist-info/" not in name}

    assert shipped == {name for name in tracked_files() if name.startswith(PACKAGES)}


def test_the_wheel_holds_the_built_in_model_and_its_card(wheel: zipfile.ZipFile) -> None:
    folder = NANO.rpartition("/")[0]

    assert wheel.read(NANO)[:4] == b"GGUF"
    assert any(name.startswith(folder) and name.endswith(".md") for name in wheel.namelist())


def test_the_packages_say_that_they_are_typed(wheel: zipfile.ZipFile) -> None:
    assert {f"{package}py.typed" for package in PACKAGES} <= set(wheel.namelist())


def test_the_base_install_needs_no_training_library(wheel: zipfile.ZipFile) -> None:
    path = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    required = Parser().parsestr(wheel.read(path).decode()).get_all("Requires-Dist") or []
    base = [line for line in required if "extra ==" not in line]

    assert any(line.startswith("llama-cpp-python") for line in base)
    for library in ("torch", "transformers", "trl", "vllm", "datasets", "peft", "accelerate"):
        assert not any(line.startswith(library) for line in base)


def test_the_script_is_deepcoder(wheel: zipfile.ZipFile) -> None:
    path = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))

    assert "deepcoder = deepcoder_cli.start:main" in wheel.read(path).decode()


def test_the_source_archive_holds_what_a_packager_needs(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    tracked = set(tracked_files())
    assert {"pyproject.toml", "README.md", "LICENSE", "Makefile"} <= names
    assert {name for name in tracked if name.startswith((*PACKAGES, "tests/"))} <= names
    assert names - tracked == {"PKG-INFO"}
