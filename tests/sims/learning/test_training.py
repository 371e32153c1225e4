"""Training: it learns, ensembles are their members, averages are what they say, and stopped runs end as others do."""

import signal
import subprocess
import sys
import time
from functools import partial

import jax
import numpy as np
import optax
import pytest

from sims.learning import LogUniformNoise, Mlp, NetworkDenoiser, Objective, TrainingSets, train
from theory import Circle, GaussianDenoiser

KEY = jax.random.key(0)
OBJECTIVE = Objective(LogUniformNoise(0.05, 10.0))
RING = np.asarray(Circle(1.0).even(8))
SMALL = partial(Mlp, 2, 16, 2)
QUIET = {"progress": False}


def leaves(trained):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(trained) if hasattr(leaf, "shape")]


def assert_identical(one, two):
    for a, b in zip(leaves(one), leaves(two), strict=True):
        np.testing.assert_array_equal(a, b)


def test_training_leaves_the_plateau_of_affine_denoisers():
    """The best affine denoiser [gaussian-data] is where badly started networks stay for thousands of steps."""
    trained = train(partial(Mlp, 2, 32, 3), TrainingSets([RING]), OBJECTIVE, key=KEY, stops=(20, 1500), **QUIET)
    rng = np.random.default_rng(0)
    sigma = np.repeat(np.geomspace(0.1, 0.6, 20), 400)
    y = RING[rng.integers(0, 8, len(sigma))]
    states = y + sigma[:, None] * rng.normal(size=y.shape)
    affine = GaussianDenoiser(np.zeros(2), np.eye(2) / 2)
    errors = [np.mean((denoiser(states, sigma) - y) ** 2) for denoiser in (affine, trained.ensemble().member(0))]
    assert errors[1] < 0.8 * errors[0]
    assert trained.loss[1, 0] < trained.loss[0, 0]


def test_an_ensemble_is_its_members_of_any_size():
    """Each member sees its own points only, with the draws of its own key."""
    other = RING[:5] + 3.0
    settings = {"stops": (30,), "lengths": (0.0,), **QUIET}
    both = train(SMALL, TrainingSets([RING, other]), OBJECTIVE, key=KEY, **settings).ensemble()
    alone = train(SMALL, TrainingSets([RING]), OBJECTIVE, key=KEY, **settings).ensemble()
    x = np.random.default_rng(1).normal(size=(40, 2))
    np.testing.assert_allclose(both.member(0)(x, 0.3), alone.member(0)(x, 0.3), rtol=1e-3, atol=1e-4)
    assert np.abs(both.member(1)(x, 0.3) - alone.member(0)(x, 0.3)).max() > 0.05


def test_scale_of_padded_sets():
    sets = TrainingSets([RING, RING[:3] * 2 + 5.0])
    np.testing.assert_allclose(sets.scale, [np.sqrt(0.5), np.sqrt((2 * RING[:3]).var(axis=0).mean())], rtol=1e-5)


def test_averages():
    """Length 0 keeps the weights; a long one their plain mean; between, an exponential mean after a plain one."""
    trained = train(
        SMALL, TrainingSets([RING]), OBJECTIVE, key=KEY, stops=tuple(range(1, 7)), lengths=(0.0, 1e9, 2.0), **QUIET
    )
    for leaf in (leaf for leaf in jax.tree.leaves(trained.averages) if hasattr(leaf, "shape")):
        weights, plain, short = np.moveaxis(np.asarray(leaf, float), 1, 0)
        np.testing.assert_allclose(
            plain,
            np.cumsum(weights, axis=0) / np.arange(1, 7).reshape(-1, *[1] * (weights.ndim - 1)),
            rtol=1e-4,
            atol=1e-6,
        )
        mean = weights[0]
        for step in range(1, 6):
            mean = mean + max(1 - np.exp(-0.5), 1 / (step + 1)) * (weights[step] - mean)
            np.testing.assert_allclose(short[step], mean, rtol=1e-4, atol=1e-6)


def test_a_stop_is_what_a_shorter_training_gives():
    settings = {"key": KEY, "lengths": (0.0, 50.0), **QUIET}
    long = train(SMALL, TrainingSets([RING]), OBJECTIVE, stops=(40, 90), **settings)
    short = train(SMALL, TrainingSets([RING]), OBJECTIVE, stops=(40,), **settings)
    for a, b in zip(leaves(long.ensemble(0)), leaves(short.ensemble()), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(long.loss[0], short.loss[0])


def test_the_loss_is_the_mean_since_the_stop_before(monkeypatch):
    monkeypatch.setattr("sims.learning.training._CHUNK", 7)
    settings = {"key": KEY, "lengths": (0.0,), **QUIET}
    whole = train(SMALL, TrainingSets([RING]), OBJECTIVE, stops=(20, 50), **settings)
    parts = train(SMALL, TrainingSets([RING]), OBJECTIVE, stops=tuple(range(1, 51)), **settings)
    losses = np.asarray(parts.loss)[:, 0]
    np.testing.assert_allclose(whole.loss[:, 0], [losses[:20].mean(), losses[20:].mean()], rtol=1e-5)


def test_an_interrupted_training_ends_as_another(tmp_path, monkeypatch):
    monkeypatch.setattr("sims.learning.training._CHUNK", 10)
    settings = {"key": KEY, "stops": (25, 60), "lengths": (0.0, 20.0), **QUIET}
    whole = train(SMALL, TrainingSets([RING]), OBJECTIVE, **settings)
    path, looks = tmp_path / "deep" / "checkpoint.eqx", []

    def watch(members):
        looks.append(len(members))
        if len(looks) % 3 == 0:
            raise KeyboardInterrupt
        return ""

    resumed = None
    for _ in range(9):
        try:
            resumed = train(
                SMALL, TrainingSets([RING]), OBJECTIVE, **{**settings, "progress": True}, checkpoint=path,
                save_every=1e-9, watch=watch,
            )  # fmt: skip
            break
        except KeyboardInterrupt:
            continue
    assert resumed is not None
    assert 3 < len(looks) < 20
    assert_identical(resumed, whole)
    # what is finished is read, not trained again
    assert_identical(
        train(SMALL, TrainingSets([RING]), OBJECTIVE, **settings, checkpoint=path, watch=pytest.fail), whole
    )
    for change in ({"key": jax.random.key(1)}, {"batch": 64}, {"stops": (25, 61)}, {"lengths": (0.0, 21.0)}):
        with pytest.raises(ValueError, match="checkpoint of another training"):
            train(SMALL, TrainingSets([RING]), OBJECTIVE, **{**settings, **change}, checkpoint=path)


KILLED = """
import jax, numpy as np, sys
from functools import partial
from sims.learning import *
ring = np.stack([np.cos(np.arange(6)), np.sin(np.arange(6))], axis=1)
trained = train(
    partial(Mlp, 2, 8, 1), TrainingSets([ring]), Objective(LogUniformNoise(0.1, 5.0)), key=jax.random.key(2),
    stops=(6000,), batch=8, checkpoint=sys.argv[1], save_every=1e-3, progress=False,
)
for leaf in jax.tree.leaves(trained.averages):
    sys.stdout.write(np.asarray(leaf).tobytes().hex())
"""


def test_a_killed_training_ends_as_another(tmp_path):
    path = tmp_path / "checkpoint"

    def start(path):
        return subprocess.Popen([sys.executable, "-c", KILLED, path], stdout=subprocess.PIPE, text=True)

    whole = start(tmp_path / "of another")
    written, deadline = 0, time.monotonic() + 90
    for _ in range(2):
        process = start(path)
        while not (path.exists() and path.stat().st_mtime_ns > written):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        written = path.stat().st_mtime_ns
    assert start(path).communicate()[0] == whole.communicate()[0] != ""


def test_another_optimizer():
    trained = train(SMALL, TrainingSets([RING]), OBJECTIVE, key=KEY, stops=(5,), optimizer=optax.sgd(0.0), **QUIET)
    start = SMALL(key=jax.random.fold_in(jax.random.split(KEY, 1)[0], 0))
    x = np.random.default_rng(1).normal(size=(4, 2))
    untrained = NetworkDenoiser(start, trained.scale[0])
    np.testing.assert_allclose(trained.ensemble().member(0)(x, 0.3), untrained(x, 0.3), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"stops": (10, 10)}, "stops must ascend"),
        ({"stops": ()}, "stops must ascend"),
        ({"stops": (0, 10)}, "stops must be"),
        ({"lengths": (-1.0,)}, "lengths must be"),
        ({"batch": 0}, "batch must be"),
        ({"save_every": 0.0}, "save_every must be"),
    ],
)
def test_bad_input(change, said):
    with pytest.raises(ValueError, match=said):
        train(SMALL, TrainingSets([RING]), OBJECTIVE, **{"key": KEY, "stops": (10,), **QUIET, **change})


@pytest.mark.parametrize(
    ("sets", "labels", "said"),
    [
        ([], None, "sets must hold"),
        ([RING, RING[:, :1]], None, "one D"),
        ([RING[:0]], None, "sets must hold"),
        ([RING * np.nan], None, "sets must be"),
        ([RING], [np.zeros(3)], "one label for each point"),
    ],
)
def test_bad_sets(sets, labels, said):
    with pytest.raises(ValueError, match=said):
        TrainingSets(sets, labels)
