"""Names for the arrays that kernels take."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Words: TypeAlias = NDArray[np.uint64]
Ints: TypeAlias = NDArray[Any]  # int64 or int32, as the kernel's text says
Flags: TypeAlias = NDArray[np.uint8]
Bytes: TypeAlias = NDArray[np.uint8]
Reals: TypeAlias = NDArray[np.float64]  # weights and probabilities, never money
Number: TypeAlias = Any  # one whole number, as Python or as a kernel has it
