"""What convert writes, refuses and leaves alone."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from deepcoder_cli.errors import DeepcoderError, InputError, ModelError, OutputError
from quantize.convert import Progress, convert, main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _edit_json(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def _edit_weights(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    from safetensors.numpy import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors")


def _set(key: str, value: object) -> Callable[[Path], None]:
    return lambda folder: _edit_json(folder / "config.json", lambda c: c.__setitem__(key, value))


def _tokenizer(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    return lambda folder: _edit_json(folder / "tokenizer.json", change)


def _weights(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    return lambda folder: _edit_weights(folder, change)


def _put(value: float) -> Callable[[dict[str, Any]], None]:
    def change(weights: dict[str, Any]) -> None:
        weights["model.layers.1.mlp.up_proj.weight"][3, 5] = value

    return change


def _truncate(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-10])


def _lie_about_header(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(struct.pack("<Q", 1 << 60) + path.read_bytes()[8:])


def _other_split(tokenizer: dict[str, Any]) -> None:
    regex = tokenizer["pre_tokenizer"]["pretokenizers"][0]["pattern"]
    regex["Regex"] = regex["Regex"].replace(r"\p{N}|", r"\p{N}{1,3}|")


REFUSED: dict[str, tuple[type[DeepcoderError], str, Callable[[Path], Any]]] = {
    "no config": (InputError, "config.json", lambda f: (f / "config.json").unlink()),
    "no tokenizer": (InputError, "tokenizer.json", lambda f: (f / "tokenizer.json").unlink()),
    "no weights": (InputError, "model.safetensors", lambda f: (f / "model.safetensors").unlink()),
    "config not JSON": (InputError, "config.json", lambda f: (f / "config.json").write_text("{")),
    "config a list": (InputError, "JSON object", lambda f: (f / "config.json").write_text("[]")),
    "another architecture": (
        ModelError,
        "LlamaForCausalLM",
        _set("architectures", ["LlamaForCausalLM"]),
    ),
    "sliding window": (ModelError, "sliding", _set("use_sliding_window", True)),
    "another activation": (ModelError, "gelu", _set("hidden_act", "gelu")),
    "unknown rope": (ModelError, "dynamic", _set("rope_parameters", {"rope_type": "dynamic"})),
    "rope not an object": (ModelError, "rope", _set("rope_parameters", [1])),
    "rope base not a number": (
        ModelError,
        "rope_theta",
        _set("rope_parameters", {"rope_type": "default", "rope_theta": "big"}),
    ),
    "epsilon not a number": (ModelError, "rms_norm_eps", _set("rms_norm_eps", "small")),
    "tokenizer_config not JSON": (
        ModelError,
        "tokenizer files",
        lambda f: (f / "tokenizer_config.json").write_text("{"),
    ),
    "no layers": (ModelError, "num_hidden_layers", _set("num_hidden_layers", None)),
    "heads do not divide": (ModelError, "heads", _set("num_key_value_heads", 3)),
    "fewer layers than saved": (ModelError, "model.layers.2", _set("num_hidden_layers", 2)),
    "fewer rows than saved": (ModelError, r"\(576, 64\)", _set("vocab_size", 570)),
    "fewer rows than tokens": (ModelError, "511", _set("vocab_size", 511)),
    "untied without output": (ModelError, "lm_head", _set("tie_word_embeddings", False)),
    "missing tensor": (ModelError, "model.norm", _weights(lambda w: w.pop("model.norm.weight"))),
    "unknown tensor": (
        ModelError,
        "extra.weight",
        _weights(lambda w: w.update({"extra.weight": np.zeros((2, 2), np.float32)})),
    ),
    "integer tensor": (
        ModelError,
        "I64",
        _weights(lambda w: w.update({"model.norm.weight": np.zeros(64, np.int64)})),
    ),
    "not a number": (ModelError, "not a finite number in model.layers.1", _weights(_put(np.nan))),
    "too large for f16": (ModelError, "too large for f16", _weights(_put(1e5))),
    "cut-off weights": (ModelError, "damaged", _truncate),
    "absurd header": (ModelError, "damaged", _lie_about_header),
    "empty weights": (ModelError, "damaged", lambda f: (f / "model.safetensors").write_bytes(b"")),
    "another pre-tokenizer": (ModelError, "pre-tokenizer other", _tokenizer(_other_split)),
    "another normaliser": (
        ModelError,
        "Lowercase",
        _tokenizer(lambda t: t.update({"normalizer": {"type": "Lowercase"}})),
    ),
    "another tokenizer model": (
        ModelError,
        "Unigram",
        _tokenizer(lambda t: t["model"].update({"type": "Unigram"})),
    ),
    "no merges": (ModelError, "merges", _tokenizer(lambda t: t["model"].update({"merges": []}))),
    "no vocabulary": (ModelError, "tokenizer.json", _tokenizer(lambda t: t["model"].pop("vocab"))),
    "broken model card": (
        ModelError,
        "README.md",
        lambda f: (f / "README.md").write_text("---\na: [\n---\n"),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses_in_one_line_and_leaves_nothing(
    case: str, checkpoint_copy: Path, tmp_path: Path
) -> None:
    kind, message, damage = REFUSED[case]
    damage(checkpoint_copy)
    with pytest.raises(kind, match=message) as caught:
        convert(checkpoint_copy, tmp_path / "m.gguf", "f16")
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tiny-qwen2"]


def test_refuses_an_index_that_leads_outside_the_folder(
    checkpoint_copy: Path, tmp_path: Path
) -> None:
    index = {"weight_map": {"model.norm.weight": "../model.safetensors"}}
    (checkpoint_copy / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelError, match="weight_map"):
        convert(checkpoint_copy, tmp_path / "m.gguf")


def test_names_the_missing_shard(make_checkpoint: Any, tmp_path: Path) -> None:
    folder = make_checkpoint(tied=True, sharded=True)
    shards = sorted(folder.glob("model-*.safetensors"))
    assert len(shards) > 2
    shards[1].unlink()
    with pytest.raises(InputError, match=shards[1].name):
        convert(folder, tmp_path / "m.gguf")


def test_same_input_gives_the_same_bytes(tied_checkpoint: Path, tmp_path: Path) -> None:
    for out in ("a.gguf", "b.gguf"):
        convert(tied_checkpoint, tmp_path / out, "f16")
    assert (tmp_path / "a.gguf").read_bytes() == (tmp_path / "b.gguf").read_bytes()


def test_reports_what_it_wrote(tied_checkpoint: Path, tmp_path: Path) -> None:
    steps: list[Progress] = []
    report = convert(tied_checkpoint, tmp_path / "m.gguf", progress=steps.append)
    assert report.outtype == "f16"
    assert report.n_bytes == (tmp_path / "m.gguf").stat().st_size
    assert [step.tensors for step in steps] == list(range(1, report.tensors + 1))
    assert steps[-1].n_bytes == steps[-1].n_bytes_total
    from safetensors.numpy import load_file

    weights = load_file(tied_checkpoint / "model.safetensors")
    assert report.parameters == sum(weight.size for weight in weights.values())


def test_keeps_an_existing_file_without_force(tied_checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.gguf"
    out.write_text("mine")
    with pytest.raises(OutputError, match="--force"):
        convert(tied_checkpoint, out)
    assert out.read_text() == "mine"
    convert(tied_checkpoint, out, force=True)
    assert out.read_bytes()[:4] == b"GGUF"


def test_interrupted_halfway_keeps_the_old_file(tied_checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.gguf"
    out.write_text("mine")

    def interrupt(progress: Progress) -> None:
        if progress.tensors == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(tied_checkpoint, out, force=True, progress=interrupt)
    assert out.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["m.gguf"]


@pytest.mark.parametrize("out", [".", "absent/m.gguf"])
def test_refuses_an_output_that_cannot_be_a_file(
    out: str, tied_checkpoint: Path, tmp_path: Path
) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        convert(tied_checkpoint, tmp_path / out)


def test_full_disk_is_one_clear_error(tied_checkpoint: Path, tmp_path: Path) -> None:
    """A file size limit stands in for the full disk: both end in OSError inside a write."""
    code = (
        "import resource, signal, sys; from quantize.convert import main;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)); sys.exit(main())"
    )
    command = [sys.executable, "-c", code, str(tied_checkpoint), str(tmp_path / "m.gguf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == OutputError.exit_code
    assert done.stderr.count("\n") == 1
    assert "cannot write" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_command_line_prints_one_line_and_documented_exit_codes(
    tied_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "m.gguf")
    assert main([str(tied_checkpoint), out, "--outtype", "bf16", "--name", "Tiny"]) == 0
    assert "bf16" in capsys.readouterr().out
    assert main([str(tied_checkpoint), out]) == OutputError.exit_code
    assert main([str(tmp_path / "absent"), out, "--force"]) == InputError.exit_code
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("quantize.convert: ") for line in lines)


def test_a_tied_model_saved_with_its_copy_of_the_embedding_converts_the_same(
    checkpoint_copy: Path, tied_checkpoint: Path, tmp_path: Path
) -> None:
    stale = np.ones((576, 64), np.float32)
    _edit_weights(checkpoint_copy, lambda w: w.update({"lm_head.weight": stale}))
    convert(checkpoint_copy, tmp_path / "copy.gguf", "f16")
    convert(tied_checkpoint, tmp_path / "plain.gguf", "f16")
    assert (tmp_path / "copy.gguf").read_bytes() == (tmp_path / "plain.gguf").read_bytes()
