"""What every executor does, and what comes of a task that fails."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

import torch

from backbeat.errors import BackbeatError

Task = TypeVar("Task")
Result = TypeVar("Result")

ATTEMPTS = 3
"""How often a task is begun whose worker is killed each time."""
AHEAD = 2
"""Tasks that are handed out for each worker."""


@dataclass(frozen=True)
class Failure:
    """Why a task has no result, in one line."""

    reason: str


class Executor(Protocol):
    """Runs tasks in workers."""

    def run(self, work: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[tuple[Task, Result | Failure]]:
        """Yield every task once, with what `work` returned for it, as they are done.

        Args:
            work: a function that workers can import, or a `functools.partial` of one. It must give the same result
                when it is run again, and write files whole or not at all.
            tasks: what can be pickled.
        """
        ...


def attempt(work: Callable[[Task], Result], task: Task) -> Result | Failure:
    """In a worker: the task's result, or why there is none; on one thread, as there is a worker for each core."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return work(task)
    except BackbeatError as error:
        return Failure(str(error))
    except Exception as error:  # one task's trouble is not the others'
        return Failure(in_a_line(error))
    finally:
        torch.set_num_threads(threads)


def in_a_line(error: Exception) -> str:
    """An error that nobody foresaw."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def killed() -> Failure:
    """Of a task whose workers were killed each time."""
    return Failure(f"its worker was killed {ATTEMPTS} times, perhaps for its memory")
