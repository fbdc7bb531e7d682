"""Gradlab's own settings of Matplotlib, so that pictures do not depend on the user's settings."""

from __future__ import annotations

import importlib.util
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

INK = "#404040"

RC: Any = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "savefig.dpi": 160,
    "svg.fonttype": "none",  # text stays text, which can be found and read out
    "svg.hashsalt": "gradlab",  # the same figure makes the same file
    "pdf.fonttype": 42,  # fonts that journals take
    "pgf.texsystem": "pdflatex",  # which every LaTeX has
}

PAPER: Any = {"font.size": 7.5, "axes.linewidth": 0.6, "savefig.dpi": 300}  # for figures as wide as a column

_OF_THE_PROCESS = {  # settings of windows and servers, which belong to the user and change no picture of ours
    "backend", "backend_fallback", "date.epoch", "docstring.hardcopy", "figure.max_open_warning", "figure.raise_window",
    "interactive", "savefig.directory", "timezone", "tk.window_focus", "toolbar", "webagg.address",
    "webagg.open_in_browser", "webagg.port", "webagg.port_retries",
}  # fmt: skip
# The warnings of letters that the font does not have.
_MISSING_LETTERS = ("Glyph .* missing from", "Matplotlib currently does not support")


@contextmanager
def use_own_settings(more: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Draw with Matplotlib's defaults and gradlab's settings, and with none of the user's, inside the context.

    `more` are further settings. They override gradlab's.

    Letters that the font does not have are drawn as boxes, without a warning.
    """
    import matplotlib

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", matplotlib.MatplotlibDeprecationWarning)  # some defaults are deprecated
        defaults = {name: value for name, value in matplotlib.rcParamsDefault.items() if name not in _OF_THE_PROCESS}
        with matplotlib.rc_context(defaults | RC | dict(more or {})):
            for message in _MISSING_LETTERS:
                warnings.filterwarnings("ignore", message, UserWarning)
            yield


def load_matplotlib() -> None:
    """Import Matplotlib, without the user's settings if they prevent the import.

    A matplotlibrc that is not text prevents it, and so does an MPLBACKEND that does not exist.
    """
    if "matplotlib" in sys.modules:
        return
    try:
        import matplotlib
    except (ValueError, OSError):
        for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
            del sys.modules[name]  # half of them are imported
        with _without_settings():
            import matplotlib  # noqa: F401


@contextmanager
def _without_settings() -> Iterator[None]:
    """Work without MPLBACKEND, in the folder of Matplotlib's default matplotlibrc.

    The matplotlibrc in the working folder comes before all others.
    """
    spec = importlib.util.find_spec("matplotlib")
    assert spec is not None
    assert spec.origin is not None
    backend = os.environ.pop("MPLBACKEND", None)
    try:
        with chdir(Path(spec.origin).parent / "mpl-data"):
            yield
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
