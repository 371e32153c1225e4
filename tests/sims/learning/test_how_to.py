"""The code on the page about trained networks runs, and does what the page says."""

import pathlib
import re

import numpy as np
import pytest

PAGE = (pathlib.Path(__file__).parents[3] / "docs" / "learning.md").read_text()
TRAINING, ADAPTER, WRAPPER = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)


def test_training(tmp_path, monkeypatch, capsys):
    """With fewer steps, which is enough to run it."""
    monkeypatch.chdir(tmp_path)
    code = TRAINING.replace("(6000, 12000)", "(20, 40)")
    assert code != TRAINING
    exec(code, {})
    assert len(eval(capsys.readouterr().out.splitlines()[-1])) == 2
    assert (tmp_path / "ring.eqx").stat().st_size > 10_000


def test_models_of_other_conventions():
    """A variance-preserving noise predictor of one point, exact in its own units, is that point's denoiser [one-point]."""
    torch = pytest.importorskip("torch")
    point = torch.tensor([1.0, -2.0])

    class Exact(torch.nn.Module):
        def forward(self, x, time):  # x = alpha y + s eps, where time is s/alpha
            alpha = (1 + time**2).rsqrt()[:, None]
            return (x - alpha * point) / (time[:, None] * alpha)

    from sims.learning import from_torch

    space = {"torch": torch, "network": Exact(), "time": lambda sigma: sigma, "from_torch": from_torch}
    exec(WRAPPER, space)
    x = np.random.default_rng(0).normal(size=(5, 2))
    np.testing.assert_allclose(space["denoiser"](x, 0.7), np.tile([1.0, -2.0], (5, 1)), atol=1e-5)
    assert 'from_torch(module, "noise", shape=(3, 32, 32))' in ADAPTER
