"""What is installed: everything the tree holds, loops and scripts for the nodes included."""

import shutil
import subprocess
import sys
import zipfile
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("rcontrol", "actors")


def test_the_wheel_holds_every_file_of_the_packages(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("pyproject.toml", "LICENSE", "README.md"):
        shutil.copy(ROOT / name, tree)
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tree / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    build = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", build, tmp_path], cwd=tree, check=True, capture_output=True
    )
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        inside = set(wheel.namelist())
    files = [path for package in PACKAGES for path in (tree / package).rglob("*")]
    missing = {str(path.relative_to(tree)) for path in files if path.is_file()} - inside
    assert not missing
    assert any(name.endswith("/licenses/LICENSE") for name in inside)


def test_what_starts_rcontrol_does_nothing_when_it_is_loaded() -> None:
    """Processes that make pictures load the module by which the server was started."""
    import_module("rcontrol.__main__")
