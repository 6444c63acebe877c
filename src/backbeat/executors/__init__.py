"""Where many like tasks run: in processes of this machine, or on a Ray cluster; the results are the same.

    for task, outcome in executor.run(work, tasks): …

Tasks are drawn from their iterable as workers come free, so that no more than a few are held at a time. Whatever
befalls one of them ends as its `Failure`, and the others go on. An executor may run a task twice (where its worker was
killed, or is much later than the others), and yields it once.
"""

from backbeat.executors.local import Local
from backbeat.executors.ray import Ray
from backbeat.executors.work import Executor, Failure

__all__ = ["Executor", "Failure", "Local", "Ray"]
