"""Every notebook has cell ids, known directives only (nbdev silently ignores others), directives above the code, a kernel that everybody has, and links that lead somewhere."""
import json
import re
import sys
from pathlib import Path

KNOWN = {"default_exp", "export", "exporti", "hide", "slow", "gpu", "eval"}


def faults(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    kernel = notebook["metadata"].get("kernelspec", {}).get("name")
    if kernel != "python3": yield f"its kernel is '{kernel}', which others may not have: expected python3"
    for number, cell in enumerate(notebook["cells"]):
        if not cell.get("id"): yield f"cell {number} has no id"
        if cell["cell_type"] == "markdown":
            for target in re.findall(r"\]\(([^)#:\s]+)\)", "".join(cell["source"])):
                if not (path.parent / target).exists(): yield f"cell {number}: link to '{target}', which isn't there"
        if cell["cell_type"] != "code": continue
        code_seen = False
        for line in "".join(cell["source"]).splitlines():
            if directive := re.match(r"\s*#\s*\|\s*([\w-]+)", line):
                if directive[1] not in KNOWN: yield f"cell {number}: unknown directive '{directive[1]}'"
                if code_seen: yield f"cell {number}: directive '{directive[1]}' below code is ignored"
            elif line.strip() and not line.lstrip().startswith("#"): code_seen = True


found = [f"{path}: {fault}" for path in sorted(Path("nbs").rglob("*.ipynb")) if ".ipynb_checkpoints" not in path.parts for fault in faults(path)]
print(*found, sep="\n") if found else print("all directives known, all cells have ids, all links lead somewhere")
sys.exit(bool(found))
