"""What is rendered, compared and matched in other processes: forked from one that has done so on two threads, or new.

`test_processes.py` runs this in a process of its own: a fork copies what other tests and their runner have left.
"""

import hashlib
import importlib
import multiprocessing
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from backbeat import plugins
from backbeat.errors import RenderError
from backbeat.losses import DrumLoss
from backbeat.losses.kernel import KernelDrumLoss
from backbeat.synth import Synth

RATE, SAMPLES, ITEMS = 44100, 22050, 4
"""Enough for several threads."""
FORKED = pytest.param(
    "fork", marks=pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="")
)


def params(name: str, items: int = ITEMS) -> Tensor:
    return torch.rand(items, plugins.get(name).table.size, generator=torch.Generator().manual_seed(0))


def digest(tensors: Iterable[Tensor]) -> str:
    return hashlib.sha256(b"".join(each.detach().contiguous().numpy().tobytes() for each in tensors)).hexdigest()


@lru_cache
def prepared() -> tuple[list[tuple[Synth, Tensor]], KernelDrumLoss, Tensor]:
    """What PyTorch's own operations make, whose threads do not survive a fork: no part of these tests."""
    synths = [(Synth(name, RATE, SAMPLES / RATE), params(name)) for name in ("kick", "drum")]
    loss, sounds = DrumLoss(), torch.randn(ITEMS, SAMPLES, generator=torch.Generator().manual_seed(1))
    return synths, KernelDrumLoss(loss, loss.prepare(0.5 * sounds[:1, None], RATE)), sounds


def in_cpp() -> str:
    """Sounds, losses and their gradients."""
    synths, loss, sounds = prepared()
    found = []
    for synth, values in synths:
        for seeds in (5, torch.arange(ITEMS)):
            leaf = values.clone().requires_grad_()
            sound = synth(leaf, seeds)
            found += [sound, *torch.autograd.grad(sound, leaf, sounds[:, None])]
    losses, kept = loss.compare(sounds)
    return digest([*found, losses, loss.differentiate(sounds, kept, torch.ones(ITEMS))])


def in_cpp_on_two_threads() -> str:
    torch.set_num_threads(2)
    return in_cpp()


def in_pytorch() -> str:
    """On one thread, as PyTorch's `DataLoader` has it, and every search."""
    torch.set_num_threads(1)
    t_s = torch.arange(RATE // 10) / RATE
    thump = torch.exp(-30.0 * t_s) * torch.sin(400.0 * t_s)
    from backbeat.matching import match

    found = match(thump[None, None], "kick", sample_rate=RATE, steps=2, starts=1)
    return digest([Synth(name, seconds=0.1)(params(name).double(), 1) for name in ("kick", "drum")]) + repr(found.patch)


def send(work: Callable[[], str], sending: Connection) -> None:
    sending.send(work())


def elsewhere(method: str, work: Callable[[], str]) -> str:
    """What it gives in a process that is begun so."""
    context = multiprocessing.get_context(method)
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=send, args=(work, sending))
    process.start()
    sending.close()
    try:
        assert receiving.poll(60.0), "it hangs"
        return receiving.recv()
    finally:
        process.kill()
        process.join()


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[None]:
    """Have a thread do something over and over."""
    ended, begun = threading.Event(), threading.Event()

    def repeat() -> None:
        while not ended.is_set():
            work()
            begun.set()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        begun.wait()
        yield
    finally:
        ended.set()
        thread.join()


@pytest.mark.parametrize("method", [FORKED, "spawn"])
def test_cpp_gives_the_same_bits(method):
    here = in_cpp_on_two_threads()
    assert elsewhere(method, in_cpp_on_two_threads) == here


@pytest.mark.parametrize("method", [FORKED])
def test_pytorch_gives_the_same_bits(method):
    torch.set_num_threads(2)
    Synth("drum", seconds=0.5)(params("drum").double(), 1)
    here = in_pytorch()
    assert elsewhere(method, in_pytorch) == here


@pytest.mark.parametrize("method", [FORKED])
def test_a_fork_while_another_thread_renders(method):
    torch.set_num_threads(1)
    here = in_cpp()
    synth, values = prepared()[0][1]
    seeds = iter(range(1_000_000))
    with meanwhile(lambda: synth(values[:1], next(seeds))):
        for _ in range(20):
            assert elsewhere(method, in_cpp) == here


def out_of_memory() -> str:
    """What is said where it ends on both threads, each of which needs more than there is."""
    resource = importlib.import_module("resource")  # which not every system has
    torch.set_num_threads(2)
    synths, loss, sounds = prepared()
    many = sounds.repeat(40, 1)
    _, kept = loss.compare(many)
    synth, values = Synth("drum", RATE, 120.0), synths[1][1][:2]
    taken_kb = int(re.findall(r"VmSize:\s*(\d+) kB", Path("/proc/self/status").read_text())[0])
    resource.setrlimit(resource.RLIMIT_AS, (1024 * taken_kb + 2**26, -1))  # what is found, and not what it takes
    with pytest.raises(RenderError) as caught:
        synth(values, 1)
    with pytest.raises(MemoryError) as caught_too:
        loss.differentiate(many, kept, torch.ones(len(many)))
    return f"{caught.value}; {caught_too.value}"


@pytest.mark.skipif(sys.platform != "linux", reason="sets a limit as Linux has it")
def test_what_a_thread_lacks_memory_for_is_said():
    prepared()
    said = elsewhere("spawn", out_of_memory)  # after a fork, PyTorch itself waits for its threads for ever
    assert "out of memory for a batch of 2" in said
    assert said.endswith("; backbeat's kernels: can't allocate memory")


class Kicks(Dataset[Tensor]):
    """Sounds, each beside its gradient."""

    def __init__(self) -> None:
        self.synth, self.params = Synth("kick", seconds=0.5), params("kick", 2 * ITEMS)

    def __len__(self) -> int:
        return len(self.params)

    def __getitem__(self, index: int) -> Tensor:
        leaf = self.params[index : index + 1].clone().requires_grad_()
        sound = self.synth(leaf, 3)
        return torch.cat([sound.detach()[0, 0], torch.autograd.grad(sound.sum(), leaf)[0][0]])


@pytest.mark.parametrize("method", [FORKED])
def test_a_fork_while_another_thread_compares(method):
    torch.set_num_threads(1)
    here = in_cpp()
    _, loss, sounds = prepared()
    with meanwhile(lambda: loss.compare(sounds)):
        for _ in range(20):
            assert elsewhere(method, in_cpp) == here


@pytest.mark.parametrize("method", [FORKED])
def test_a_data_loader(method):
    kicks = Kicks()
    torch.set_num_threads(2)
    kicks.synth(kicks.params, 3)
    here = torch.stack([kicks[index] for index in range(len(kicks))])
    loader = DataLoader(kicks, batch_size=2, num_workers=2, multiprocessing_context=method, timeout=120)
    assert torch.equal(torch.cat(list(loader)), here)
