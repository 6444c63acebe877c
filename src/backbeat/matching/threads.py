"""The same patch on every machine, however many cores it has."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread_in_numpy() -> Iterator[None]:
    """NumPy's solvers give other last bits on each number of threads, and a search other patches.

    In a bare source checkout, where threadpoolctl may be missing, NumPy keeps its threads.
    """
    try:
        from threadpoolctl import threadpool_limits
    except ModuleNotFoundError:
        yield
        return
    with threadpool_limits(limits=1, user_api="blas"):
        yield
