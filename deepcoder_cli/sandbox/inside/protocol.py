"""What a caller and a zygote say to each other, beside descriptors: fixed-size numbers.

A request: mode, CPU ms, wall ms, memory bytes, file size bytes; its descriptors are the program,
stdin, stdout, stderr, the note and, where needed, the extra (arguments). A reply: why the run
ended, wait status, CPU us, wall us, and peak KiB above what an idle child has.
"""

from __future__ import annotations

import struct

REQUEST = struct.Struct("=BQQQQ")
REPLY = struct.Struct("=ciQQQ")
READY, CANCEL = b"ready", b"cancel"
MAX_FDS = 6
SCRIPT_MODE, FUNCTION_MODE, NATIVE_MODE = 0, 1, 2
ENDED, CPU, WALL, MEMORY, CANCELLED = b"-", b"c", b"w", b"m", b"x"
REASONS = {ENDED: "-", CPU: "cpu", WALL: "wall", MEMORY: "memory", CANCELLED: "none"}
PROGRAM_FD, NOTE_FD, EXTRA_FD = 63, 62, 61
