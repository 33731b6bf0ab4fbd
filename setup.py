"Build script: everything it says is read from settings.ini, so that names and versions are written once."
from configparser import ConfigParser
from pathlib import Path

from setuptools import setup

here = Path(__file__).parent
parser = ConfigParser(delimiters=["="], interpolation=None)
parser.read(here / "settings.ini", encoding="utf-8")
cfg = parser["DEFAULT"]

setup(
    name=cfg["lib_name"],
    version=cfg["version"],
    description=cfg["description"],
    long_description=(here / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    keywords=cfg["keywords"],
    author=cfg["author"],
    url=cfg["git_url"] or None,
    license="Apache-2.0",
    packages=[cfg["lib_path"], f"{cfg['lib_path']}.nbs"],
    package_dir={f"{cfg['lib_path']}.nbs": "nbs"},       # a wheel brings along what `collapse_figures` runs
    package_data={f"{cfg['lib_path']}.nbs": ["06_results.ipynb", "figures/*.ipynb", "figures/params/*.yml", "studies/*.ipynb"]},
    python_requires=f">={cfg['min_python']}",
    install_requires=cfg["requirements"].split(),
    extras_require={name: cfg[f"{name}_requirements"].split() for name in ("dev", "docs", "browser", "ray", "pretrained")},
    entry_points={
        "console_scripts": cfg["console_scripts"].split(),
        "nbdev": [f"{cfg['lib_name']}={cfg['lib_path']}._modidx:d"],
    },
    zip_safe=False,
)
