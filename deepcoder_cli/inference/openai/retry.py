"""When a request is sent again, and after how long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepcoder_cli.errors import EndpointUnavailable
from deepcoder_cli.inference.openai.failures import NotReached

if TYPE_CHECKING:
    from tenacity import AsyncRetrying, RetryCallState

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
LONGEST_ASKED_S = 120.0
"""A server that asks for a longer wait than this is not waited for."""


def retrying(retries: int, *, unreached_too: bool) -> AsyncRetrying:
    """Call it with a coroutine function: `EndpointUnavailable` is tried again.

    Waits double from `FIRST_WAIT_S`, with jitter; `Retry-After` goes before them.

    Args:
        retries: how often at most, after the first time.
        unreached_too: whether a server that cannot be reached is tried again: not when it is
            asked for the first time, since then the address is likely wrong.
    """
    from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt
    from tenacity.wait import wait_exponential, wait_random

    spread = wait_random(0, FIRST_WAIT_S)
    backoff = wait_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S) + spread

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after_s if isinstance(error, EndpointUnavailable) else None
        return backoff(state) if asked is None else asked + spread(state)

    def again(error: BaseException) -> bool:
        if not isinstance(error, EndpointUnavailable):
            return False
        if isinstance(error, NotReached) and not unreached_too:
            return False
        return (error.retry_after_s or 0.0) <= LONGEST_ASKED_S

    return AsyncRetrying(
        retry=retry_if_exception(again),
        stop=stop_after_attempt(retries + 1),
        wait=wait,
        reraise=True,
    )
