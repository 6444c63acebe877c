"""Every executor: each task once, whatever befalls its worker."""

import os
import signal
import time
from functools import partial
from itertools import count, islice
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import pytest

from backbeat.errors import UsageError
from backbeat.executors import Executor, Failure, Local, Ray
from executors import jobs

EXECUTORS = [
    pytest.param(Local(1), id="here"),
    pytest.param(Local(2), id="local"),
    pytest.param(Ray(workers=2), id="ray"),
]
IN_PROCESSES = EXECUTORS[1:]


@pytest.fixture(scope="module", autouse=True)
def cluster():
    """A cluster for all tests of this file, which executors find begun."""
    ray = pytest.importorskip("ray")
    jobs_are_here = {"env_vars": {"PYTHONPATH": str(Path(__file__).parents[1])}}
    ray.init(
        "local",
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
        runtime_env=jobs_are_here,
    )
    yield
    ray.shutdown()


@pytest.mark.parametrize("executor", EXECUTORS)
def test_each_task_once_with_its_result_or_why_there_is_none(executor: Executor):
    outcomes = list(executor.run(jobs.squared, range(20)))
    assert sorted(task for task, _ in outcomes) == list(range(20))
    found = dict(outcomes)
    assert found.pop(13) == Failure("13: unlucky")
    assert found.pop(14) == Failure("ValueError: two lines")
    assert found == {number: number * number for number in found}


@pytest.mark.parametrize("executor", EXECUTORS)
def test_nothing_to_do(executor: Executor):
    assert list(executor.run(jobs.squared, [])) == []


@pytest.mark.parametrize("executor", EXECUTORS)
def test_tasks_are_drawn_as_workers_come_free(executor: Executor):
    drawn = []
    endless = (drawn.append(number) or number for number in count(100))
    run = executor.run(jobs.squared, endless)
    assert len(list(islice(run, 30))) == 30
    assert len(drawn) <= 30 + 8
    run.close()


@pytest.mark.parametrize("executor", EXECUTORS)
def test_arrays_come_back_bit_for_bit_from_workers_of_one_thread_each(executor: Executor):
    sounds = [np.random.default_rng(seed).standard_normal(1000) for seed in range(3)]
    for sound, (found, threads) in executor.run(jobs.doubled, sounds):
        assert threads == 1
        np.testing.assert_array_equal(found, 2.0 * sound)


# In processes of this machine, a library whose worker is killed finds the same: `tests/library`.
@pytest.mark.parametrize("executor", EXECUTORS[2:])
def test_a_task_whose_worker_is_killed_is_run_again(executor: Executor, tmp_path):
    outcomes = list(executor.run(partial(jobs.killed_once, tmp_path), range(8)))
    assert (tmp_path / "killed").exists()
    assert sorted(outcomes) == [(number, number) for number in range(8)]


def test_a_worker_that_is_killed_while_nobody_waits_is_found_out():
    outcomes = []
    for each in Local(2).run(jobs.squared, range(12)):
        if not outcomes:
            os.kill(active_children()[0].pid, signal.SIGKILL)
            time.sleep(0.3)
        outcomes.append(each)
    assert sorted(outcomes)[:12] == [(number, number * number) for number in range(12)]


@pytest.mark.parametrize("executor", IN_PROCESSES)
def test_a_task_that_kills_its_workers_stops_no_other(executor: Executor):
    found = dict(executor.run(jobs.always_killed, range(8)))
    assert found.pop(3) == Failure("its worker was killed 3 times, perhaps for its memory")
    assert found == {number: number for number in range(8) if number != 3}


@pytest.mark.slow
def test_a_late_task_is_begun_again_elsewhere(tmp_path):
    outcomes = list(Ray(workers=2).run(partial(jobs.slow_once, tmp_path), range(8)))
    assert sorted(outcomes) == [(number, "a quick one") for number in range(8)]


def test_ray_that_is_not_there(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(UsageError, match=r"pip install 'backbeat\[scale\]'"):
        list(Ray().run(jobs.squared, range(2)))
