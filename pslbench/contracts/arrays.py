"""Array types for annotations. At run time they are placeholders, because importing NumPy takes too long for `list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from numpy.random import Generator as Generator
    from numpy.typing import ArrayLike as ArrayLike
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Float64s = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]
    AnyArray = NDArray[Any]
else:
    AnyArray = ArrayLike = Bools = Floats = Float64s = Generator = Ints = object
