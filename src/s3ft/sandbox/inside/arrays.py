"""numpy as the tests see it: nothing equals or is close to something because there is nothing to compare."""

from __future__ import annotations

from typing import Any


def empty(array: Any) -> Any:
    """An empty array of the program's that does not stretch to the shape of what it is compared with."""
    return array.view(_kinds()[0])


def guard() -> None:
    """For lists, which become arrays only in the comparison."""
    import numpy

    close = numpy.allclose

    def allclose(a: Any, b: Any, *rest: Any, **options: Any) -> bool:
        return close(a, b, *rest, **options) and (numpy.size(a) > 0) == (numpy.size(b) > 0)

    if close.__name__ == "allclose" and close.__module__ == "numpy":
        numpy.allclose = allclose


_made: list[Any] = []


def _kinds() -> list[Any]:
    import numpy

    if not _made:

        class Empty(numpy.ndarray):
            def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
                if len(inputs) > 1 and any(numpy.size(other) for other in inputs):
                    raise ValueError(
                        f"operands could not be broadcast together: the program's array is empty in {ufunc}"
                    )
                plain = [numpy.asarray(item) if isinstance(item, Empty) else item for item in inputs]
                return getattr(ufunc, method)(*plain, **options)

        _made.append(Empty)
    return _made
