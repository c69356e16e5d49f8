"""Keeping a process small: threads share few heaps."""

import ctypes

# glibc's number for "how many heaps at most".
M_ARENA_MAX = -8


def few_heaps() -> None:
    """Glibc gives threads heaps of their own, each of which stays as large as
    its largest moment; two are enough for threads that mostly wait. Other
    libraries know no such number and are left alone."""
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(M_ARENA_MAX, 2)
