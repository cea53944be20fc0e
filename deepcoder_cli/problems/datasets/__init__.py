"""Every row format that evaluation and training read, each once; `open_dataset` opens them all."""

from deepcoder_cli.problems.datasets.dataset import Dataset, Tally
from deepcoder_cli.problems.datasets.opening import open_dataset
from deepcoder_cli.problems.datasets.own_jsonl import to_line, write_jsonl
from deepcoder_cli.problems.datasets.row import DatasetProblem, Refused

__all__ = [
    "Dataset",
    "DatasetProblem",
    "Refused",
    "Tally",
    "open_dataset",
    "to_line",
    "write_jsonl",
]
