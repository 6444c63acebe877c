"""The tensor shapes that backbeat's functions speak of.

Checked at run time by beartype in the tests only.
"""

from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

Audio: TypeAlias = Float[Tensor, "batch channels samples"]
"""Public audio, full scale ±1; a drum has one channel."""

Mono: TypeAlias = Float[Tensor, "... samples"]
"""A signal inside `dsp`: any leading axes, time last."""

Control: TypeAlias = Float[Tensor, "... _"]
"""Physical values of one parameter: one column, or `size` columns for a bank."""

Kernel: TypeAlias = Float[Tensor, "... taps"]
"""The impulse response of an FIR filter."""

Params: TypeAlias = Float[Tensor, "batch parameters"]
"""Normalised parameters in [0, 1], in the order of the plugin's table."""

Seeds: TypeAlias = Int[Tensor, " batch"]
"""One noise seed per batch item."""

Series: TypeAlias = NDArray[np.floating[Any]]
"""A one-dimensional signal, or what is measured of one, in analysis: NumPy, float64."""
