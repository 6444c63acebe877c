"""The same patch on every machine, however many cores it has."""

from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def one_thread_in_numpy() -> Iterator[None]:
    """NumPy's solvers give other last bits on each number of threads, and a search other patches."""
    with threadpool_limits(limits=1, user_api="blas"):
        yield
