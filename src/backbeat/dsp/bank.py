"""Controls of a formula plugin, whose entries are picked as those of a recorded one."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class Bank(Tensor):
    """A control (batch, entries): `c[k]` is its entry k, (batch, 1), and `c[a:b]` are some, whatever the batch.

    What is computed of it is a plain tensor.
    """

    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    def __getitem__(self, entries: Any) -> Any:
        if isinstance(entries, int):
            entries = range(self.shape[-1])[entries]
            return self[..., entries : entries + 1]
        if isinstance(entries, slice):
            return self[..., entries]
        return super().__getitem__(entries)
