"""Tracebacks as a program is to see them: without the frames of this package."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType


def frames_of_the_program(frames: TracebackType | None) -> TracebackType | None:
    """The traceback without the frames of this package, at its top or further down."""
    while frames is not None and _is_ours(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    last = frames
    while last is not None:
        following = last.tb_next
        if following is not None and _is_ours(following.tb_frame.f_code.co_filename):
            last.tb_next = following.tb_next
        else:
            last = following
    return frames


def _is_ours(filename: str) -> bool:
    return filename.startswith(_FOLDER)


_FOLDER = _is_ours.__code__.co_filename.rpartition("/")[0]
