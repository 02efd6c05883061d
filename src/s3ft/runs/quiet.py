"""Silences bars and warnings of libraries in a process of ours: a stage shows its own progress."""

from __future__ import annotations

import logging
import warnings


def quiet_libraries() -> None:
    """Called when a stage has work to do: it imports what it silences."""
    # Says at import, on a CPU, that an optional package could make 4-bit products faster.
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    import datasets
    import transformers

    warnings.filterwarnings("ignore", category=FutureWarning)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    datasets.utils.logging.set_verbosity_error()
    datasets.disable_progress_bars()
