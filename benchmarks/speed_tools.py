"""Seconds and memory of functions that are compared, and rows of the table of `speed.py`."""

import ctypes
import multiprocessing
import resource
import sys
import time

import numpy as np

FIELDS = ("section", "case", "cpu_s", "wall_s", "ratio", "peak_mib", "note")


def take_turns(functions, repeats):
    """Least CPU and wall seconds of each function, which take turns."""
    best = dict.fromkeys(functions, (np.inf, np.inf))
    for _ in range(repeats):
        for name, function in functions.items():
            cpu, wall = time.process_time(), time.perf_counter()
            function()
            spent = time.process_time() - cpu, time.perf_counter() - wall
            best[name] = tuple(np.minimum(best[name], spent))
    return best


def in_child(function):
    """Result of a function, and how far it raised the peak of the resident memory, in MiB."""

    def child(pipe):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        result = function()
        pipe.send((result, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024))

    if sys.platform == "linux":  # what is free in this process would not count in the child
        ctypes.CDLL(None).malloc_trim(0)
    context = multiprocessing.get_context("fork")
    parent_end, child_end = context.Pipe()
    process = context.Process(target=child, args=(child_end,))
    process.start()
    child_end.close()
    result = parent_end.recv()
    process.join()
    return result


def timed(section, best, against, note=""):
    """Rows of a section, the ratios against one of the cases."""
    for name, (cpu, wall) in best.items():
        yield row(section, name, cpu, wall, cpu / best[against][0], note=note)


def row(section, case, cpu=None, wall=None, ratio=None, peak=None, note=""):
    return dict(zip(FIELDS, (section, case, cpu, wall, ratio, peak, note)))
