"""Run notebooks in place, so that their outputs are those of their code; with --check, only say which outputs are older."""
import argparse
import hashlib
import json
import os
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def code_of(cells):
    "A hash of the code in these cells."
    return hashlib.sha256(json.dumps(["".join(c["source"]) for c in cells if c["cell_type"] == "code"]).encode()).hexdigest()[:16]


def older(path):
    "Has a notebook's code changed since its outputs were made?"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return notebook["metadata"].get("outputs_of") != code_of(notebook["cells"])


def run(path):
    "Run a notebook in place, with a folder of its own for runs; returns a line that says how it went."
    import nbformat
    from nbclient import NotebookClient
    from traitlets.config import Config
    notebook = nbformat.read(path, as_version=4)
    before = code_of(notebook.cells)
    with tempfile.TemporaryDirectory() as runs, tempfile.TemporaryDirectory() as sockets:
        files = Config(KernelManager=dict(transport="ipc", ip=f"{sockets}/kernel"))      # no port that another may take
        client = NotebookClient(notebook, timeout=None, kernel_name="python3", extra_arguments=["--log-level=50"], config=files,
                                resources=dict(metadata=dict(path=path.parent)))
        client.comm_open_handlers.clear()               # a slider's picture belongs to its cell; its own talk may never end
        try: client.execute(env=os.environ | dict(COLLAPSE_RUNS=runs, TQDM_DISABLE="1"))
        except Exception as e:
            said = re.sub(r"\x1b\[[\d;]*m", "", str(e)).strip().splitlines()[-1]
            return f"{path}: failed, left as it was: {said}"
    notebook.metadata["outputs_of"] = before
    notebook.metadata.pop("widgets", None)              # sliders and bars, which only a running kernel can show
    view = "application/vnd.jupyter.widget-view+json"
    for cell in notebook.cells:
        if "outputs" in cell: cell.outputs = [o for o in cell.outputs if view not in o.get("data", {})]
    nbformat.write(notebook, path)
    return f"{path}: done"


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("notebooks", nargs="*", type=Path, help="default: all")
parser.add_argument("--check", action="store_true")
options = parser.parse_args()
paths = options.notebooks or [p for p in sorted(Path("nbs").rglob("*.ipynb")) if ".ipynb_checkpoints" not in p.parts]
if options.check:
    found = [f"{path}: its code is newer than its outputs: make chapters CHAPTERS={path}" for path in paths if older(path)]
    print(*(found or ["the outputs of all notebooks are those of their code"]), sep="\n")
else:
    found = []
    with ThreadPoolExecutor(2) as pool:
        for line in pool.map(run, paths):
            print(line, flush=True)
            if not line.endswith(": done"): found.append(line)
sys.exit(bool(found))
