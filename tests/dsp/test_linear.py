"""Matrix products that depend on one item alone."""

import pytest
import torch

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
