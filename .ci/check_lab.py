"""Notebooks in JupyterLab, as a reader runs them: opened in a browser, Run All Cells from the menu, no cell fails.

check_lab.py nbs/02_recursion.ipynb nbs/04_vae.ipynb

Works on a copy of the project. A notebook that calls tqdm itself must show a bar; how often one was seen is told of all.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

import nbformat
from check_pages import chromium, launch
from playwright.sync_api import sync_playwright

PROJECT = Path(__file__).resolve().parent.parent
HARMLESS = "Failed to load resource", "favicon"                     # a 404 of the server's own, told from its address below
WATCH = r"""() => {
    const {context} = jupyterapp.shell.currentWidget;
    window.bars = [];
    context.sessionContext.iopubMessage.connect((_, {header, content}) => {
        const text = content.text || (content.data || {})["text/plain"] || "";
        if (/\d+%\|/.test(text)) window.bars.push(header.msg_type);
    });
}"""
STATE = r"""() => {
    const {context} = jupyterapp.shell.currentWidget, cells = context.model.toJSON().cells.filter(c => c.cell_type === "code");
    const failed = cells.flatMap((c, i) => c.outputs.filter(o => o.output_type === "error")
        .map(o => `code cell ${i + 1} (${[].concat(c.source).join("").split("\n").filter(l => !l.startsWith("#|"))[0].slice(0, 60)}…): ${o.ename}: ${o.evalue}`));
    const waiting = cells.filter(c => [].concat(c.source).join("").trim() && c.execution_count === null).length;
    const kernel = context.sessionContext.session?.kernel;
    return {failed, waiting, cells: cells.length, status: kernel?.status, bars: window.bars};
}"""


def copy_project(target):
    "The project without what can be made again, its notebooks without outputs."
    ignore = shutil.ignore_patterns(".venv", "_docs", "_proc", "_work", "runs", "executed", "__pycache__", ".ipynb_checkpoints")
    shutil.copytree(PROJECT, target, ignore=ignore)
    for path in (target / "nbs").rglob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code": cell.outputs, cell.execution_count = [], None
        nbformat.write(notebook, path)


def start_lab(folder, log):
    "JupyterLab on a free port of 127.0.0.1, without a token; returns the process and the address."
    environment = {k: v for k, v in os.environ.items() if k != "TQDM_DISABLE"}
    environment |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(folder), "COLLAPSE_RUNS": str(folder / "runs"), "JUPYTER_CONFIG_DIR": str(folder / "_work" / "jupyter"),
                    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0", "--IdentityProvider.token=",
               "--LabApp.expose_app_in_browser=True", "--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
               f"--ServerApp.root_dir={folder}"]
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    for _ in range(120):
        time.sleep(.5)
        if found := re.search(r"http://127\.0\.0\.1:\d+/", Path(log.name).read_text()):
            try: urlopen(found[0] + "api/status").close()
            except OSError: continue
            return process, found[0]
    process.terminate()
    raise SystemExit(f"JupyterLab didn't start: {Path(log.name).read_text()[-2000:]}")


def run_notebook(context, base, path, timeout):
    "Open, run all, wait; returns seconds, what is wrong, and how often a bar was seen."
    faults, page = [], context.new_page()
    page.on("pageerror", lambda error: faults.append(f"script error: {error}"))
    page.on("console", lambda m: m.type == "error" and not any(h in m.text for h in HARMLESS) and faults.append(f"console: {m.text[:200]}"))
    page.goto(f"{base}lab/tree/{path}?reset")
    page.wait_for_function("window.jupyterapp?.shell.currentWidget?.context?.sessionContext?.session?.kernel?.status === 'idle'", timeout=120_000)
    page.evaluate(WATCH)
    start = time.monotonic()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    while time.monotonic() - start < timeout:
        time.sleep(1)
        state = page.evaluate(STATE)
        if state["failed"] or (not state["waiting"] and state["status"] == "idle"): break
    else: faults.append(f"not done after {timeout} s: {state['waiting']} of {state['cells']} cells wait")
    seconds = time.monotonic() - start
    page.evaluate("jupyterapp.shell.currentWidget.context.sessionContext.shutdown()")
    page.close()
    return seconds, faults + state["failed"], state["bars"]


def calls_tqdm(path):
    "Whether a cell that isn't the library's draws a bar."
    cells = nbformat.read(path, as_version=4).cells
    return any(cell.cell_type == "code" and "tqdm(" in cell.source and not cell.source.startswith("#| export") for cell in cells)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="+", type=Path, help="relative to the project")
    parser.add_argument("--timeout", type=int, default=1800, help="seconds for each")
    args = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as tmp, open(f"{tmp}/lab.log", "w") as log, sync_playwright() as playwright:
        folder = Path(tmp) / "project"
        copy_project(folder)
        server, base = start_lab(folder, log)
        try:
            browser = launch(playwright)
            context = browser.new_context(viewport={"width": 1400, "height": 900})
            for path in args.notebooks:
                seconds, faults, bars = run_notebook(context, base, path.as_posix(), args.timeout)
                if calls_tqdm(PROJECT / path) and not bars: faults.append("no progress bar was seen")
                for fault in faults: print(f"{path}: {fault}", flush=True)
                wrong += bool(faults)
                print(f"{path}: {'failed' if faults else 'passed'}, {seconds:.0f} s, bars: {len(bars)}", flush=True)
            browser.close()
        finally:
            server.terminate()
            server.wait()
    return int(bool(wrong))


if __name__ == "__main__":
    if not chromium(): sys.exit(print("no browser here: apt-get install chromium", file=sys.stderr) or 2)
    sys.exit(main())
