"""Groups are computed one after the other, and a run stops where it is asked to."""

import os
import signal

import numpy as np
import pytest

from sims.sweep import run_serially


class Memory:
    """A store of three groups that keeps nothing but which are done."""

    path = "memory"

    def __init__(self):
        self.done = np.zeros(3, bool)

    def write(self, index, results):
        self.done[index] = True


def test_a_swallowed_interrupt_stops_before_the_next_group():
    store, before = Memory(), signal.getsignal(signal.SIGINT)

    def swallows(index):
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            return {}
        raise AssertionError

    with pytest.raises(KeyboardInterrupt):
        run_serially(store, swallows, cells=1)  # pyright: ignore[reportArgumentType]
    assert store.done.tolist() == [True, False, False]
    assert signal.getsignal(signal.SIGINT) is before


def test_all_groups_are_computed_once():
    store, computed = Memory(), []
    store.done[1] = True
    run_serially(store, lambda index: computed.append(index) or {}, cells=1)  # pyright: ignore[reportArgumentType]
    assert computed == [(0,), (2,)]
    assert store.done.all()
