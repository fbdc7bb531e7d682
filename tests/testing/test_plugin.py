import subprocess
import sys
from pathlib import Path

TEST = """
import gradlab as gl
def test_good(assert_lawful):
    assert_lawful(gl.sgd(0.1), laws=("pure", "ranges"))
def test_bad(assert_lawful):
    assert_lawful(gl.scale(0.1), laws=("pure",), claims=("descends",))
"""


def test_the_fixture_judges_and_records(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(TEST)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "gradlab.testing.plugin",
        "-q",
        "--junitxml=out.xml",
        "test_mine.py",
    ]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 failed, 1 passed" in run.stdout
    assert "BROKEN  descends: it descends on a convex quadratic" in run.stdout
    assert "Traceback" not in run.stdout
    xml = (tmp_path / "out.xml").read_text()
    assert '<property name="ranges" value="holds"' in xml
    assert '<property name="descends" value="broken"' in xml
