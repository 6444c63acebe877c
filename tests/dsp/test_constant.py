"""Constants are made once, and never of what another only looks at."""

import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from backbeat.dsp import constant

CPU = torch.device("cpu")


def test_a_constant_is_made_once():
    first = constant((1.0, 2.5), torch.float64, CPU)
    assert torch.equal(first, torch.tensor([1.0, 2.5], dtype=torch.float64))
    assert constant((1.0, 2.5), torch.float64, CPU) is first
    assert constant((1.0, 2.5), torch.float32, CPU).dtype == torch.float32


def test_one_that_was_first_asked_for_in_inference_may_be_used_for_gradients():
    with torch.inference_mode():
        constant((3.0,), torch.float32, CPU)
    leaf = torch.ones(1, requires_grad=True)
    (leaf * constant((3.0,), torch.float32, CPU)).sum().backward()
    assert leaf.grad == 3.0


def test_what_a_tracer_or_a_transform_makes_is_not_kept():
    with FakeTensorMode():
        constant((4.0,), torch.float32, CPU)
    torch.func.grad(lambda x: (x * constant((4.0,), torch.float32, CPU)).sum())(torch.ones(1))
    assert type(constant((4.0,), torch.float32, CPU)) is torch.Tensor
    assert not torch._C._functorch.is_gradtrackingtensor(constant((4.0,), torch.float32, CPU))
