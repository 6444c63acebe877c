"""Tasks in processes of this machine."""

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from backbeat.executors.work import AHEAD, ATTEMPTS, Failure, Result, Task, attempt, killed


class _WorkerKilledError(Exception):
    """A worker was killed; with it went the pool, and the tasks that were handed out."""

    def __init__(self, tasks: list[Any]) -> None:
        super().__init__()
        self.tasks = tasks


@dataclass(frozen=True)
class Local:
    """Processes of this machine, each on one thread; a script that uses several needs its `if __name__ == "__main__":`.

    A worker that is killed takes the pool along. The tasks that were handed out then are run again one by one: so the
    one that kills its workers is known from those that were beside it.

    Attributes:
        workers: how many processes; one worker, and a single task, need none but this one.
    """

    workers: int = 1

    def run(self, work: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[tuple[Task, Result | Failure]]:
        """See `Executor`."""
        waiting = iter(tasks)
        first = list(islice(waiting, 2))
        waiting = chain(first, waiting)
        if self.workers == 1 or len(first) == 1:
            for task in waiting:
                yield task, attempt(work, task)
            return
        while True:
            try:
                yield from _in_pool(self.workers, work, waiting)
            except _WorkerKilledError as error:
                yield from _one_by_one(work, error.tasks)
            else:
                return


def _in_pool(
    workers: int, work: Callable[[Task], Result], waiting: Iterator[Task], ahead: int = AHEAD
) -> Iterator[tuple[Task, Result | Failure]]:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, spawn, initializer=_begin_worker) as pool:
        running: dict[Future[Result | Failure], Task] = {}
        try:
            while True:
                for task in islice(waiting, ahead * workers - len(running)):
                    try:
                        with _interrupts_wait():
                            running[pool.submit(attempt, work, task)] = task
                    except BrokenProcessPool:
                        raise _WorkerKilledError([*running.values(), task]) from None
                if not running:
                    return
                broken = False
                for each in wait(running, return_when=FIRST_COMPLETED).done:
                    if isinstance(each.exception(), BrokenProcessPool):
                        broken = True
                    else:
                        yield running.pop(each), each.result()
                if broken:
                    raise _WorkerKilledError(list(running.values()))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _one_by_one(work: Callable[[Task], Result], tasks: list[Task]) -> Iterator[tuple[Task, Result | Failure]]:
    waiting = deque((task, 1) for task in tasks)  # which were begun once
    while waiting:
        try:
            for task, outcome in _in_pool(1, work, (task for task, _ in tuple(waiting)), ahead=1):
                waiting.popleft()
                yield task, outcome
        except _WorkerKilledError:
            task, attempts = waiting.popleft()
            if attempts + 1 < ATTEMPTS:
                waiting.appendleft((task, attempts + 1))
            else:
                yield task, killed()


@contextmanager
def _interrupts_wait() -> Iterator[None]:
    """Have Ctrl-C wait, here and in processes that are started meanwhile, until they can end without a traceback."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once, and without a traceback
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
