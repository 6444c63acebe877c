"""Where many like tasks run: in processes of this machine, or on a Ray cluster; the results are the same.

    for task, outcome in engine.run(work, tasks): …

Tasks are drawn from their iterable as workers come free, so that no more than a few are held at a time. Whatever
befalls one of them ends as its `Failure`, and the others go on. An engine may run a task twice (where its worker was
killed, or is much later than the others), and yields it once.
"""

from backbeat.engines.local import Local
from backbeat.engines.ray import Ray
from backbeat.engines.work import Engine, Failure

__all__ = ["Engine", "Failure", "Local", "Ray"]
