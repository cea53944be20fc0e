"""The system-call filters, as programs for the kernel (arrays of `struct sock_filter`)."""

from __future__ import annotations

from deepcoder_cli.sandbox.seccomp.filters import (
    OWN_PID_MARK,
    general_filter,
    native_filter,
    strict_filter,
)

__all__ = ["OWN_PID_MARK", "general_filter", "native_filter", "strict_filter"]
