import os
import signal

import pytest
from hypothesis import settings

# Threads only get in each other's way on networks this small. To be set before torch is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell that runs the tests in the background has them ignore Ctrl-C, and all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("otgan", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("otgan")


def pytest_collection_modifyitems(items):
    on_gpu = [item for item in items if item.get_closest_marker("gpu")]
    if on_gpu and not _cuda_is_available():
        for item in on_gpu:
            item.add_marker(pytest.mark.skip(reason="needs a CUDA device, and torch sees none"))


def _cuda_is_available():
    try:
        import torch
    except ImportError:
        return False
    return torch.cuda.is_available()
