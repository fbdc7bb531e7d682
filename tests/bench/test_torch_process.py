"""The process of PyTorch: its protocol, with a small module in the place of PyTorch where that is not installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradlab.bench import torch_process
from gradlab.bench.counterparts import COUNTERPARTS, TorchClass
from gradlab.bench.torch_process import TorchError, TorchProcess

STAND_IN = '''
"""As much of PyTorch as the worker uses."""
__version__ = "0.0"
print("said at the import")
class nn:
    class Parameter:
        def __init__(self, data):
            self.data, self.grad = data, None
    class utils:
        @staticmethod
        def clip_grad_norm_(params, max_norm, foreach):
            assert max_norm == 1.0 and foreach
class optim:
    class Adam:
        def __init__(self, params, lr, *, foreach=None, fused=None):
            assert fused is True and foreach is None and len(params) == 3
        def step(self): pass
    class RMSprop:
        def __init__(self, params, lr, alpha, foreach=None):
            assert foreach is True and alpha == 0.9
        def step(self): pass
    class Muon:
        def __init__(self, params, lr): pass
        def step(self): raise ValueError("no matrix")
def manual_seed(seed): pass
def randn(shape): return shape
def get_num_threads(): return 2
'''


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module `torch` that the process finds first."""
    root = str(Path(torch_process.__file__).parents[2])
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{root}")
    monkeypatch.setattr(torch_process, "find_spec", lambda name: name)
    (tmp_path / "torch.py").write_text(STAND_IN)
    return tmp_path / "torch.py"


def test_optimizers_are_fused_where_that_exists(stand_in: Path) -> None:
    with TorchProcess() as torch:
        assert (torch.version, torch.threads) == ("0.0", 2)
        adam = torch.make(TorchClass("Adam", max_norm=1.0), (8,), 3)
        assert adam.variant == "fused"
        assert adam.run(5) > 0
        wanted = COUNTERPARTS["rmsprop"].torch
        assert wanted is not None
        assert torch.make(wanted, (8,), 3).variant == "foreach"
        muon = torch.make(TorchClass("Muon"), (8,), 3)
        assert muon.variant == "plain"
        with pytest.raises(TorchError, match="fails with ValueError: no matrix"):
            muon.run(1)
        torch._process.kill()
        with pytest.raises(TorchError, match="has ended with exit code"):
            muon.run(1)


def test_without_pytorch_there_is_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_process, "find_spec", lambda name: None)
    with pytest.raises(TorchError, match="not installed; install it with: pip install torch"):
        TorchProcess()


def test_a_broken_installation_is_reported(stand_in: Path) -> None:
    stand_in.write_text("raise OSError('libtorch is missing')")
    with pytest.raises(TorchError, match="fails with OSError: libtorch is missing"):
        TorchProcess()
