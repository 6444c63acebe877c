"""Matrix products that depend on one item alone."""

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from backbeat.dsp.linear import matmul
from oracles import white


@pytest.fixture(params=[1, 2, 3, 8])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("rows", "inner", "columns"), [(1, 64, 64), (7, 5, 64), (10, 64, 64), (44, 24, 256)])
def test_every_bit_of_an_item_is_its_own(threads, rows, inner, columns, dtype):
    first = torch.tensor(white((17, rows, inner)), dtype=dtype)
    second = torch.tensor(white((17, inner, columns), seed=1), dtype=dtype)
    batch = matmul(first, second)
    for items in (1, 2, 3, 5):
        assert torch.equal(matmul(first[:items], second[:items]), batch[:items])


@pytest.mark.parametrize(("first", "second"), [((3, 4), (4, 5)), ((2, 3, 4), (2, 4, 5)), ((6, 2, 3, 4), (1, 2, 4, 5))])
def test_it_is_the_product(threads, first, second):
    a, b = (torch.tensor(white(shape, seed=k), requires_grad=True) for k, shape in enumerate((first, second)))
    torch.testing.assert_close(matmul(a, b), a @ b)
    assert torch.autograd.gradcheck(matmul, (a, b))


class _Products(TorchDispatchMode):
    """The number types that matrix products are taken in."""

    def __init__(self) -> None:
        super().__init__()
        self.dtypes: set[torch.dtype] = set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if "mm" in function.__name__:
            self.dtypes |= {each.dtype for each in args}
        return function(*args, **(kwargs or {}))


def test_a_gpu_may_not_round_to_tf32():
    """A script that allows TF32 allows it for every product of float32: a phase would keep 10 bits."""
    with FakeTensorMode(allow_non_fake_inputs=True), _Products() as products:
        found = matmul(torch.empty(3, 7, 5, device="cuda"), torch.empty(3, 5, 64, device="cuda"))
    assert (found.dtype, found.device.type) == (torch.float32, "cuda")
    assert products.dtypes == {torch.float64}
