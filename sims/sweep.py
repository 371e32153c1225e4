"""How a grid is executed: group after group, with progress, each written as soon as it is there."""

from collections.abc import Callable, Mapping

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
    with tqdm(total=done.size * cells, initial=int(done.sum()) * cells, unit="cell", smoothing=0.1) as progress:
        for index in np.ndindex(done.shape):
            if not done[index]:
                store.write(index, compute(index))
                progress.update(cells)
