"""What a caller and a zygote say to each other, beside descriptors: fixed-size numbers.

A request: its number, mode, CPU ms, wall ms, memory bytes, file size bytes; its descriptors are the
program, stdin, stdout, stderr, the note and, where the mode says so, the extra (arguments) and the
compiled code, to be written or to be read. A reply: the number, why the run ended, wait status, CPU
us, wall us, and peak KiB above what an idle child has.

A request of HOST_MODE brings a program and its compiled code, and has no answer: until LEAVE, the
zygote's place is taken by a process that has that code loaded, and requests bring no code.
Requests may be sent ahead; answers come in their order. A cancellation comes by a pipe of its own.
"""

from __future__ import annotations

import struct

REQUEST = struct.Struct("=QBQQQQ")
REPLY = struct.Struct("=QciQQQ")
CANCEL = struct.Struct("=Q")  # requests up to this number are to end
LEAVE = b"leave"
PING, PONG = b"ping", b"pong"  # answered in turn: whoever reads it has read every answer before
READY = b"ready"
MAX_FDS = 7
SCRIPT_MODE, FUNCTION_MODE, NATIVE_MODE, CALLS_MODE = 0, 1, 2, 3
MODES, HAS_EXTRA, WRITE_CODE, READ_CODE, HOST_MODE = 3, 4, 8, 16, 32
ENDED, CPU, WALL, MEMORY, CANCELLED = b"-", b"c", b"w", b"m", b"x"
REASONS = {ENDED: "-", CPU: "cpu", WALL: "wall", MEMORY: "memory", CANCELLED: "none"}
PROGRAM_FD, NOTE_FD, EXTRA_FD, CODE_FD = 63, 62, 61, 60
# Words of programs that could notice what becomes of signals.
SIGNAL_WORDS = (b"signal", b"SIG", b"kill", b"nterrupt")
CODE_HEADER = struct.Struct("=Q")  # how many bytes of code follow; written last
