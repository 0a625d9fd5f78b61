"""One thread that writes: waiting changes form the next transaction together.

Rules:

- There is no timer: a change waits for the running commit, never for others to come.
- Each change has its own savepoint, so one that fails takes none of its neighbours along.
- Nobody is answered before the commit; if the commit fails, all of its changes fail.

Source: DESIGN §8; docs/spec/wire.md §4.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["GroupWriter", "WriterConnection"]

Result = TypeVar("Result")
_GROUP: Final = 256


class WriterConnection(Protocol):
    """What the writer needs of a database connection."""

    def execute(self, sql: str, parameters: Any = ..., /) -> Any:
        """Run one statement."""
        ...

    def executemany(self, sql: str, parameters: Any, /) -> Any:
        """Run one statement for each row of parameters."""
        ...


class GroupWriter:
    """Runs changes one after another in one thread and commits them in groups."""

    def __init__(self, connection: WriterConnection) -> None:
        """Start the thread; the connection belongs to it from now on."""
        self._connection = connection
        self._waiting: queue.SimpleQueue[tuple[Callable[[], object], Future[Any]] | None] = (
            queue.SimpleQueue()
        )
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="relay-writer", daemon=True)
        self._thread.start()

    def run(self, change: Callable[[], Result]) -> Result:
        """Run a change in the writer's thread; returns its result after the commit.

        Raises:
            RuntimeError: the writer is closed.
        """
        future: Future[Result] = Future()
        with self._lock:
            if self._closed:
                msg = "the store is closed"
                raise RuntimeError(msg)
            self._waiting.put((change, future))
        return future.result()

    def close(self) -> None:
        """Finish what waits and end the thread."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        ended = False
        while not ended:
            first = self._waiting.get()
            if first is None:
                return
            group = [first]
            while len(group) < _GROUP and not ended:
                try:
                    following = self._waiting.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    ended = True
                else:
                    group.append(following)
            self._commit(group)

    def _commit(self, group: list[tuple[Callable[[], object], Future[Any]]]) -> None:
        results: list[tuple[Future[Any], object]] = []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for change, future in group:
                self._connection.execute("SAVEPOINT change")
                try:
                    result = change()
                except Exception as exc:  # noqa: BLE001  # belongs to whoever waits for this change
                    self._connection.execute("ROLLBACK TO change")
                    future.set_exception(exc)
                else:
                    results.append((future, result))
                self._connection.execute("RELEASE change")
            self._connection.execute("COMMIT")
        except Exception as exc:  # noqa: BLE001  # the disk is full or gone: everyone must hear it
            with contextlib.suppress(Exception):  # there may be no transaction left to end
                self._connection.execute("ROLLBACK")
            for _, future in group:
                if not future.done():
                    future.set_exception(exc)
            return
        for future, result in results:
            future.set_result(result)
