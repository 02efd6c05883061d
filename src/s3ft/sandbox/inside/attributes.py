"""Names of what plain data can do. A test that asks a result for one of these expects plain data, not an object."""

from __future__ import annotations

import datetime
import decimal
import fractions
from collections import Counter, deque

_TYPES = (
    *(str, bytes, bytearray, list, tuple, dict, set, frozenset, int, float, complex, range, deque, Counter),
    *(decimal.Decimal, fractions.Fraction, datetime.datetime, datetime.time, datetime.timedelta),
)
_ARRAYS = (
    "equals equal eq ne lt le gt ge all any allclose isclose is_close array_equal almost_equal almost_equals identical "
    "compare item tolist shape dtype size ndim sum mean min max std var T isin isna isnull notna empty"
)
BUILTIN: frozenset[str] = frozenset(name for kind in _TYPES for name in dir(kind))
PLAIN: frozenset[str] = BUILTIN | frozenset(_ARRAYS.split())
