"""Hugging Face checkpoint -> GGUF, for Qwen2: `python -m quantize.convert FOLDER OUT.gguf`.

The file holds what llama.cpp's own converter would write, byte for byte (a test compares them).
One tensor is in memory at a time; the output appears under its name only when it is whole.
Not covered: other architectures, `pytorch_model.bin`, and types below 16 bits.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from deepcoder_cli.errors import DeepcoderError, InputError, Interrupted, OutputError
from quantize.architecture import Qwen2Config, expected_tensors, parse_config
from quantize.checkpoint import index_tensors, read_json
from quantize.metadata import add_metadata
from quantize.tensors import FloatType, OutType, PlannedTensor, encode, plan, resolve_outtype
from quantize.vocabulary import Vocabulary, read_vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Progress:
    """After each tensor: its name, how many are written, and the bytes written."""

    tensor: str
    tensors: int
    tensors_total: int
    n_bytes: int
    n_bytes_total: int


@dataclass(frozen=True, slots=True)
class ConvertReport:
    """What was written. `outtype` is the type of the matrices (what `auto` came to)."""

    path: Path
    outtype: str
    tensors: int
    parameters: int
    n_bytes: int
    vocab_size: int


@dataclass(frozen=True, slots=True)
class _Conversion:
    folder: Path
    config: Qwen2Config
    vocabulary: Vocabulary
    tensors: tuple[PlannedTensor, ...]
    matrix_type: FloatType
    name: str | None


def convert(
    hf_dir: Path | str,
    out: Path | str,
    outtype: OutType = "auto",
    *,
    name: str | None = None,
    force: bool = False,
    progress: Callable[[Progress], None] = lambda _: None,
) -> ConvertReport:
    """Write the checkpoint in `hf_dir` as `out`. The same input gives the same bytes.

    Args:
        hf_dir: folder with config.json, tokenizer.json and safetensors.
        out: the GGUF file.
        outtype: type of the matrices; vectors and norms are always F32.
        name: `general.name`; None takes it from the model card or the folder's name.
        force: replace an existing `out`.
        progress: called after each tensor.

    Raises:
        InputError: a folder or file is missing or unreadable, or gguf is not installed.
        ModelError: not a Qwen2 checkpoint that llama.cpp can run, or a damaged one.
        OutputError: `out` exists, or cannot be written; what was there is untouched.
    """
    folder, out = Path(hf_dir), Path(out)
    _check_output(out, force=force)
    conversion = _prepare(folder, outtype, name)
    with _appearing_whole(out) as partial:
        _write(conversion, partial, progress)
    tensors = conversion.tensors
    return ConvertReport(
        path=out,
        outtype=conversion.matrix_type.value.lower(),
        tensors=len(tensors),
        parameters=sum(_parameters(tensor) for tensor in tensors),
        n_bytes=out.stat().st_size,
        vocab_size=conversion.config.vocab_size,
    )


def _prepare(folder: Path, outtype: OutType, name: str | None) -> _Conversion:
    """What can be refused is refused here, before a byte is written."""
    if importlib.util.find_spec("gguf") is None:
        raise InputError("package gguf: not installed. Run pip install 'deepcoder-cli[finetune]'.")
    config = parse_config(read_json(folder, "config.json"))
    vocabulary = read_vocabulary(read_json(folder, "tokenizer.json"), config.vocab_size)
    sources = index_tensors(folder)
    matrix_type = resolve_outtype(outtype, sources.values())
    tensors = plan(sources, expected_tensors(config), matrix_type)
    return _Conversion(folder, config, vocabulary, tensors, matrix_type, name)


def _write(conversion: _Conversion, path: Path, progress: Callable[[Progress], None]) -> None:
    import gguf

    writer = gguf.GGUFWriter(path, gguf.MODEL_ARCH_NAMES[gguf.MODEL_ARCH.QWEN2])
    try:
        _add_tensor_infos(writer, conversion.tensors)
        add_metadata(
            writer,
            conversion.folder,
            conversion.config,
            conversion.vocabulary,
            matrix_type=conversion.matrix_type,
            name=conversion.name,
        )
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        _write_tensors(writer, conversion.tensors, progress)
    finally:
        writer.close()


def _add_tensor_infos(writer: Any, tensors: Sequence[PlannedTensor]) -> None:  # noqa: ANN401 - gguf
    import gguf
    import numpy as np

    for tensor in tensors:
        kind = gguf.GGMLQuantizationType[tensor.type.value]
        shape = tensor.source.shape
        writer.add_tensor_info(tensor.name, shape, np.dtype(np.float32), tensor.n_bytes, kind)


def _write_tensors(
    writer: Any,  # noqa: ANN401 - gguf
    tensors: Sequence[PlannedTensor],
    progress: Callable[[Progress], None],
) -> None:
    done, total = 0, sum(tensor.n_bytes for tensor in tensors)
    for number, tensor in enumerate(tensors, start=1):
        writer.write_tensor_data(encode(tensor))
        done += tensor.n_bytes
        progress(Progress(tensor.name, number, len(tensors), done, total))


def _parameters(tensor: PlannedTensor) -> int:
    count = 1
    for size in tensor.source.shape:
        count *= size
    return count


def _check_output(out: Path, *, force: bool) -> None:
    if out.is_dir() or not out.parent.is_dir():
        raise OutputError(f"cannot write {out}: not a file in an existing folder. Give another.")
    if out.exists() and not force:
        raise OutputError(f"file exists: {out}. Pass --force to replace it.")


@contextlib.contextmanager
def _appearing_whole(out: Path) -> Iterator[Path]:
    """A temporary path beside `out` that takes its name on success and is removed otherwise."""
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        yield partial
        _sync(partial)
        partial.replace(out)
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error.strerror or error}.") from error
    finally:
        partial.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _show(progress: Progress) -> None:
    share = 100 * progress.n_bytes // progress.n_bytes_total
    line = f"{share:3d} %  {progress.tensors}/{progress.tensors_total}  {progress.tensor}"
    end = "\n" if progress.tensors == progress.tensors_total else ""
    sys.stderr.write(f"\r\x1b[K{line}{end}")
    sys.stderr.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m quantize.convert", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("folder", type=Path, help="Hugging Face checkpoint (Qwen2)")
    parser.add_argument("out", type=Path, help="GGUF file to write")
    parser.add_argument("--outtype", choices=get_args(OutType), default="auto")
    parser.add_argument("--name", help="general.name (default: from the folder)")
    parser.add_argument("--force", action="store_true", help="replace an existing file")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code (those of deepcoder_cli.errors)."""
    args = _parser().parse_args(argv)
    show = _show if sys.stderr.isatty() else (lambda _: None)
    try:
        report = convert(
            args.folder, args.out, args.outtype, name=args.name, force=args.force, progress=show
        )
    except (DeepcoderError, KeyboardInterrupt) as error:
        failure = error if isinstance(error, DeepcoderError) else Interrupted("interrupted")
        sys.stderr.write(f"quantize.convert: {' '.join(str(failure).split())}\n")
        return failure.exit_code
    sys.stdout.write(
        f"{report.path}: {report.parameters:,} parameters in {report.tensors} tensors, "
        f"{report.outtype}, {report.n_bytes:,} bytes\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
