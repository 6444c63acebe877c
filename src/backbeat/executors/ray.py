"""Tasks on a Ray cluster.

References:
    | Ray: A Distributed Framework for Emerging AI Applications (Moritz et al., OSDI 2018)
    | MapReduce: Simplified Data Processing on Large Clusters (Dean and Ghemawat, OSDI 2004), section 3.6: backup tasks
"""

import logging
import os
import socket
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from backbeat.errors import UsageError
from backbeat.executors.work import AHEAD, ATTEMPTS, Failure, Result, Task, attempt, in_a_line, killed

_LOOK_EVERY_S = 1.0
_CONNECT_S = 10.0
_LATE = 3.0
"""A task is late when it takes this many times as long as others do."""
_ENOUGH_TO_JUDGE = 5
_LOST = object()
"""What comes of a copy whose worker or machine died."""


@dataclass
class _Running:
    """A task that was handed out, and the copies of it that are under way."""

    task: Any
    began: float
    copies: list[Any] = field(default_factory=list)
    attempts: int = 0


@dataclass(frozen=True)
class Ray:
    """A Ray cluster: one that runs, or one begun for the time of a run.

    A task whose worker or machine dies is run again. One that is late, when nothing else waits, is begun a second time
    on another worker; the first of the two that is done counts. Cores that join or leave are taken into account.

    Attributes:
        address: of the cluster, as `ray.init` takes it ("auto", "ray://host:10001", …); none begins one here.
        workers: tasks at a time, at most; none is as many as the cluster has cores.
    """

    address: str | None = None
    workers: int | None = None

    def run(self, work: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[tuple[Task, Result | Failure]]:
        """See `Executor`.

        Raises:
            UsageError: where Ray is not installed, or there is no cluster at the address.
        """
        ray = _installed()
        with _cluster(ray, self.address, self.workers):
            yield from self._run(ray, work, tasks)

    def _run(
        self, ray: Any, work: Callable[[Task], Result], tasks: Iterable[Task]
    ) -> Iterator[tuple[Task, Result | Failure]]:
        remote = ray.remote(num_cpus=1, max_retries=0, scheduling_strategy="SPREAD")(attempt)
        shared_work = ray.put(work)
        waiting = iter(tasks)
        running: dict[Any, _Running] = {}  # by copy
        spent: list[float] = []

        def begin(each: _Running) -> None:
            each.attempts += 1
            copy = remote.remote(shared_work, each.task)
            each.copies.append(copy)
            running[copy] = each

        while True:
            cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
            places = min(self.workers or cores, cores)
            most = AHEAD * cores if places == cores else places
            for task in islice(waiting, max(0, most - len(running))):
                begin(_Running(task, time.monotonic()))
            if not running:
                return
            done, _ = ray.wait(list(running), timeout=_LOOK_EVERY_S)
            for copy in done:
                one = running.pop(copy)
                one.copies.remove(copy)
                outcome = _outcome(ray, copy)
                if outcome is _LOST and (one.copies or one.attempts < ATTEMPTS):
                    if not one.copies:
                        begin(one)
                    continue
                for each in one.copies:
                    del running[each]
                    ray.cancel(each, force=True)
                spent.append(time.monotonic() - one.began)
                yield one.task, killed() if outcome is _LOST else outcome
            if len(running) < places and len(spent) >= _ENOUGH_TO_JUDGE:
                late = time.monotonic() - _LATE * statistics.median(spent)
                for each in list(running.values()):
                    alone = len(each.copies) == 1 and each.attempts < ATTEMPTS
                    if each.began < late and alone and len(running) < places:
                        begin(each)


def _outcome(ray: Any, copy: Any) -> Any:
    """What came of a copy."""
    try:
        return ray.get(copy)
    except ray.exceptions.RayTaskError as error:
        return Failure(in_a_line(error))
    except ray.exceptions.RayError:
        return _LOST


@contextmanager
def _cluster(ray: Any, address: str | None, workers: int | None) -> Iterator[None]:
    """The cluster that this process is connected to; one that was not before is left again."""
    if ray.is_initialized():
        yield
        return
    _check_that_one_listens(address)
    begun_here: dict[str, Any] = {"num_cpus": workers, "include_dashboard": False} if address is None else {}
    try:
        ray.init(address=address or "local", log_to_driver=False, logging_level=logging.ERROR, **begun_here)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise UsageError(f"address: found {address!r}; no Ray cluster answers there ({error})") from error
    try:
        yield
    finally:
        ray.shutdown()


def _check_that_one_listens(address: str | None) -> None:
    """Refuse an address where nothing is: Ray would wait for minutes, and then end the process."""
    host, _, port = (address or "").rpartition("//")[2].rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host, int(port)), timeout=_CONNECT_S).close()
    except (OSError, OverflowError) as error:
        raise UsageError(f"address: found {address!r}; no Ray cluster answers there ({error})") from error


def _installed() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # Ray's own future default, of which it warns
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise UsageError("executor: found ray, which is not installed; pip install 'backbeat[scale]'") from error
    return ray
