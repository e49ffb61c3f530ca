"""Asynchronous work from ordinary code, in a notebook too."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`; in a thread of its own where a loop runs already (Jupyter).

    Ctrl+C cancels it there, and it is waited for, as asyncio.run does.
    """
    if not _loop_runs():
        return asyncio.run(work)  # outside of a handler, so that its errors have no context
    begun: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any] | None]] = []

    async def held() -> T:
        begun.append((asyncio.get_running_loop(), asyncio.current_task()))
        return await work

    with ThreadPoolExecutor(1, "cascal-calls") as thread:
        try:
            return thread.submit(asyncio.run, held()).result()
        except KeyboardInterrupt:
            for loop, task in begun:
                if task is not None:
                    loop.call_soon_threadsafe(task.cancel)
            raise


def _loop_runs() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
