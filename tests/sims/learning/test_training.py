"""Training: it learns, ensembles are their members, averages are what they say, and stopped runs end as others do."""

import signal
import subprocess
import sys
import time
from functools import partial

import jax
import numpy as np
import pytest

from sims.learning import LogUniformNoise, Mlp, Objective, TrainingSets, train
from theory import GaussianDenoiser

KEY = jax.random.key(0)
OBJECTIVE = Objective(LogUniformNoise(0.05, 10.0))
ANGLES = 2 * np.pi * np.arange(8) / 8
RING = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
SMALL = partial(Mlp, 2, 16, 2)
TWO = {"lengths": (0.0, 20.0), "progress": False}  # with two stops, one program serves most tests


def leaves(trained):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(trained) if hasattr(leaf, "shape")]


def assert_identical(one, two):
    for a, b in zip(leaves(one), leaves(two), strict=True):
        np.testing.assert_array_equal(a, b)


def test_training_leaves_the_plateau_of_affine_denoisers():
    """The best affine denoiser [gaussian-data] is where badly started networks stay for thousands of steps."""
    trained = train(partial(Mlp, 2, 32, 3), TrainingSets([RING]), OBJECTIVE, key=KEY, stops=(20, 1500), **TWO)
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
    settings = {"key": KEY, "stops": (10, 30), **TWO}
    both = train(SMALL, TrainingSets([RING, other]), OBJECTIVE, **settings).ensemble(-1, 0)
    alone = train(SMALL, TrainingSets([RING]), OBJECTIVE, **settings).ensemble(-1, 0)
    x = np.random.default_rng(1).normal(size=(40, 2))
    np.testing.assert_allclose(both.member(0)(x, 0.3), alone.member(0)(x, 0.3), rtol=1e-3, atol=1e-4)
    assert np.abs(both.member(1)(x, 0.3) - alone.member(0)(x, 0.3)).max() > 0.05


def test_scale_of_padded_sets():
    sets = TrainingSets([RING, RING[:3] * 2 + 5.0])
    np.testing.assert_allclose(sets.scale, [np.sqrt(0.5), np.sqrt((2 * RING[:3]).var(axis=0).mean())], rtol=1e-5)


@pytest.mark.parametrize(("length", "share"), [(0.0, 1.0), (1e9, 1 / 2), (0.5, 1 - np.exp(-2)), (2.0, 1 / 2)])
def test_averages(length, share):
    """Length 0 keeps the weights; else an exponential mean, which begins as a plain one."""
    settings = {**TWO, "lengths": (0.0, length), "stops": (1, 2)}
    trained = train(SMALL, TrainingSets([RING]), OBJECTIVE, key=KEY, **settings)
    for leaf in (leaf for leaf in jax.tree.leaves(trained.averages) if hasattr(leaf, "shape")):
        (first, start), (second, mean) = np.asarray(leaf, float)
        np.testing.assert_array_equal(start, first)
        np.testing.assert_allclose(mean, first + share * (second - first), rtol=1e-4, atol=1e-7)


def test_a_stop_is_what_a_shorter_training_gives(monkeypatch):
    """Its weights and averages to the digit; and its loss is the mean since the stop before, however steps are taken."""
    monkeypatch.setattr("sims.learning.training._CHUNK", 7)
    long, short = (
        train(SMALL, TrainingSets([RING]), OBJECTIVE, key=KEY, stops=stops, **TWO) for stops in ((40, 90), (30, 40))
    )
    for length in (0, 1):
        assert_identical(long.ensemble(0, length), short.ensemble(1, length))
    assert np.any(leaves(long.ensemble(1))[0] != leaves(long.ensemble(0))[0])
    np.testing.assert_allclose(long.loss[0], (30 * short.loss[0] + 10 * short.loss[1]) / 40, rtol=1e-5)


def test_an_interrupted_training_ends_as_another(tmp_path, monkeypatch):
    monkeypatch.setattr("sims.learning.training._CHUNK", 10)
    settings = {"key": KEY, "stops": (25, 60), **TWO}
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


def long_training(checkpoint):
    return train(
        SMALL, TrainingSets([RING]), OBJECTIVE, key=KEY, stops=(1000, 2000), batch=8, checkpoint=checkpoint,
        save_every=1e-3, **TWO,
    )  # fmt: skip


def test_a_killed_training_ends_as_another(tmp_path):
    path = tmp_path / "checkpoint"
    code = f"from tests.sims.learning.test_training import long_training; long_training({str(path)!r})"
    process, deadline = subprocess.Popen([sys.executable, "-c", code]), time.monotonic() + 90
    while not path.exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    resumed = long_training(path)
    assert_identical(resumed, long_training(None))


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
        train(SMALL, TrainingSets([RING]), OBJECTIVE, **{"key": KEY, "stops": (10,), **TWO, **change})


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
