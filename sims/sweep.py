"""How a grid is executed: group after group, with progress, each written as soon as it is there."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from tqdm import tqdm

from sims.store import Store


def run_serially(store: Store, compute: Callable[[tuple[int, ...]], Mapping], *, cells: int) -> None:
    """Compute and write every group that the store lacks, in the order of the grid.

    compute: from the index of a group to its variables; cells: how many cells of the diagram a group holds, for what is
    printed. Groups are fixed by the grid and never formed anew, so that a resumed run gives the same digits.
    """
    done = store.done
    if done.any():
        print(f"resuming: {done.sum() * cells} of {done.size * cells} cells found done in {store.path}", flush=True)
    bar = tqdm(total=done.size * cells, initial=int(done.sum()) * cells, unit="cell", smoothing=0.1)
    with bar as progress, interruptions() as asked_to_stop:
        for index in np.ndindex(done.shape):
            if not done[index]:
                store.write(index, compute(index))
                progress.update(cells)
            if asked_to_stop:
                raise KeyboardInterrupt


@contextlib.contextmanager
def interruptions() -> Iterator[list[int]]:
    """A list of the interrupts (SIGINT) that arrive, which a callback of a library may have swallowed otherwise."""
    arrived: list[int] = []
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler) or threading.current_thread() is not threading.main_thread():
        yield arrived
        return

    def note(number, frame):
        arrived.append(number)
        handler(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield arrived
    finally:
        signal.signal(signal.SIGINT, handler)
