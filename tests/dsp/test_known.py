"""When values can be read, and when they cannot."""

import torch

from backbeat import dsp


def test_values_are_read_without_their_graph():
    values = torch.tensor([[1.0, -2.5]], requires_grad=True)
    assert dsp.known(2.0 * values) == [2.0, -5.0]


def test_nothing_is_known_of_another_device():
    assert dsp.known(torch.zeros(3, device="meta")) is None


def test_nothing_is_known_under_vmap():
    found = []

    def look(row: torch.Tensor) -> torch.Tensor:
        found.append(dsp.known(row))
        return row

    torch.func.vmap(look)(torch.zeros(2, 3))
    assert found == [None]


def test_the_derivatives_of_torch_func_leave_values_readable():
    found = []

    def look(row: torch.Tensor) -> torch.Tensor:
        found.append(dsp.known(row))
        return row.sum()

    torch.func.grad(look)(torch.ones(2))
    assert found == [[1.0, 1.0]]
