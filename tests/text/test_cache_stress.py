"""The store of vectors under kills, damage and races: no wrong vector, no error that stays."""

import os
import random
import signal
import time
import warnings

import numpy as np
import pytest

from skbalance.text._cache import VectorStore

KEYS = [number.to_bytes(4, "big") * 5 for number in range(60)]


def vectors_of(keys):
    """A key tells what its vector is, so that a wrong one is seen."""
    return np.array([np.frombuffer(key, dtype=np.uint8)[:4] for key in keys], dtype=np.float32).repeat(30, axis=1)


def hold(store):
    """What is read is right; what is written is there, at the latest when a damaged file was deleted, as it is told."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(4):
            try:
                found, vectors = store.read(KEYS)
                if vectors is not None:
                    np.testing.assert_array_equal(vectors[found], vectors_of(KEYS)[found])
                if found.all():
                    return
                store.write(KEYS, vectors_of(KEYS))
            except OSError:
                store.path.unlink()
    raise AssertionError("What was written is not there.")


def in_a_process(work):
    """Run a function in a child, and return its number. The child ends without any of pytest's clearing up."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 on forks of threads
        child = os.fork()
    if child:
        return child
    status = 1
    try:
        warnings.simplefilter("ignore")
        work()
        status = 0
    finally:
        os._exit(status)


@pytest.mark.slow
def test_a_writer_that_is_killed(tmp_path):
    rng = random.Random(0)
    store = VectorStore(tmp_path)

    def write_for_ever():
        while True:
            some = rng.sample(KEYS, 20)
            store.write(some, vectors_of(some))

    for _ in range(50):
        child = in_a_process(write_for_ever)
        time.sleep(rng.uniform(0, 0.04))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        hold(store)


@pytest.mark.slow
def test_a_file_that_is_damaged_anywhere(tmp_path):
    rng = random.Random(0)
    store = VectorStore(tmp_path)
    for number in range(200):
        hold(store)
        content = bytearray(store.path.read_bytes())
        kind = number % 5
        if kind == 0:
            content = content[: rng.randrange(len(content))]
        elif kind == 1:
            start = rng.randrange(512, len(content))
            content[start : start + 4096] = bytes(len(content[start : start + 4096]))
        elif kind == 2:
            content += rng.randbytes(rng.randrange(1, 9000))
        else:
            reach = len(content) if kind == 3 else 200
            for place in rng.sample(range(reach), rng.randrange(1, 40)):
                content[place] = rng.randrange(256)
        store.path.write_bytes(content)
        if number % 3 == 0:
            (tmp_path / "embeddings.sqlite-journal").write_bytes(rng.randbytes(rng.randrange(2000)))
    hold(store)


@pytest.mark.slow
def test_several_processes_use_a_file_that_one_of_them_makes(tmp_path):
    for number in range(50):
        store = VectorStore(tmp_path / str(number))
        start = time.time() + 0.03

        def meet(start=start, folder=store.folder):
            time.sleep(max(0, start - time.time()))
            hold_mine(VectorStore(folder))

        children = [in_a_process(meet) for _ in range(3)]
        assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 3
        assert store.read(KEYS)[0].all()


def hold_mine(store):
    """Read and write beside others: what is found is right."""
    for _ in range(2):
        found, vectors = store.read(KEYS)
        if vectors is not None:
            np.testing.assert_array_equal(vectors[found], vectors_of(KEYS)[found])
        store.write(KEYS, vectors_of(KEYS))
