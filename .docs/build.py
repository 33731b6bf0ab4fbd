"""The site: every notebook through nbdev's processors, then Sphinx, then the galleries; nothing is executed."""
import json
import os
import re
import shutil
import subprocess
import sys
from html import escape
from importlib import import_module
from importlib.util import find_spec
from operator import attrgetter
from pathlib import Path

from execnb.nbio import mk_cell, read_nb, write_nb
from fastcore.docments import DocmentTbl, MarkdownRenderer
from nbdev.config import get_config
from nbdev.doclinks import NbdevLookup
from nbdev.process import Processor
from nbdev.processors import (FilterDefaults, add_show_docs, clean_magics, filter_stream_, hide_, hide_line,
                              populate_language, rm_header_dash, strip_ansi)
from nbdev.showdoc import show_doc

from collapse_nb.figures import notebooks as figures
from collapse_nb.gallery import reading_order as in_galleries

settings = get_config()
root, pages = settings.config_path, settings.config_path / "_proc"
site = pages / ".html"  # moved to _docs in the end
notebooks = settings.nbs_path
lookup = NbdevLookup(incl_libs=settings.lib_name)


class Signature(MarkdownRenderer):
    "What `show_doc` shows: signature, docstring, and the table of docments, as Sphinx has them."
    def _repr_markdown_(self):
        plain = self.sig and self.sig.replace(
            return_annotation=self.sig.empty, parameters=[p.replace(annotation=p.empty) for p in self.sig.parameters.values()])
        kind = "function" if self.isfunc else "class"
        parameters = DocmentTbl(self.sym)._repr_markdown_()
        return f":::{{py:{kind}}} {self.nm}{plain or ''}\n:module: {self.sym.__module__}\n\n{self.docs}\n\n{parameters}\n:::"


class show_api(Processor):
    "Fill the cells that `add_show_docs` has inserted, from the library, which needs no cell to be executed."
    def cell(self, cell):
        if not cell.pop("has_sd", False): return
        module = import_module(f"{settings.lib_name}.{self.nb.module}")
        vars(module).setdefault("torch", import_module("torch"))  # for annotations where it's imported late
        symbol = attrgetter(cell.source[len("show_doc("):-1])(module)     # of a method as well
        cell.cell_type, cell.source = "markdown", show_doc(symbol, renderer=Signature)._repr_markdown_()
        for part in ("outputs", "execution_count"): cell.pop(part, None)


class find_module(Processor):
    "Note which module a notebook makes, and mark the cells that go into it."
    def begin(self): self.nb.module = None
    def cell(self, cell):
        if "default_exp" in cell.directives_:
            self.nb.module = cell.directives_["default_exp"][0]
            del cell["source"]
        elif cell.directives_.keys() & {"export", "exporti"}: cell.metadata["tags"] = ["export"]


def rm_widgets(cell):
    "Progress bars of the notebook's own kind need scripts from elsewhere, and say nothing once they are done."
    if cell.cell_type == "code":
        cell.outputs = [o for o in cell.outputs if not any("widget" in kind for kind in o.get("data", {}))]


def rm_eval(cell):
    "nbdev leaves this directive in the code, for quarto."
    if cell.cell_type == "code": cell.source = re.sub(r"^#\| eval:.*\n", "", cell.source, flags=re.M)


def link_names(cell):
    "A name of the library in backticks leads to its signature."
    if cell.cell_type != "markdown" or cell.source.startswith(":::"): return
    here = rf"\]\({re.escape(settings.doc_host + settings.doc_baseurl)}/[^)]*\)"
    def lead(match): return f"[`{match[1]}`](#{full_name(match[1])})" if full_name(match[1]) else f"`{match[1]}`"
    cell.source = re.sub(r"\]\(#(\w[\w-]*)\)", lambda match: match[0].lower(), cell.source)  # JupyterLab's anchors have capitals
    cell.source = re.sub(rf"\[`([\w.]+)(?:\(\))?`{here}", lead, lookup.linkify(cell.source))


def full_name(name):
    "`recurse` → `collapse_nb.recursion.recurse`, where it has a signature on some page."
    modules = import_module(f"{settings.lib_name}._modidx").d["syms"].items()
    found = [f"{module}.{name}" for module, symbols in modules
             if f"{module}.{name}" in symbols and name in import_module(module).__all__]
    return found[0] if found else None


def in_repository(text, path):
    "A link to a file of the repository; where that is published nowhere, the text alone."
    return f"[{text}]({settings.git_url}/blob/{settings.branch}/{path})" if settings.git_url else text


class origin(Processor):
    "Say under the title where a page comes from."
    def begin(self):
        path = self.nb.origin
        module = f"{settings.lib_name}/{self.nb.module}.py"
        text = in_repository(path, path) + ("" if settings.git_url else " in a copy of this repository")
        if self.nb.module: text += f"; the cells with a blue edge make {in_repository(module, module)}"
        self.nb.cells.insert(1, mk_cell(f":::{{container}} origin\n{text}\n:::", "markdown"))


class follow_links(Processor):
    "What the site holds besides pages is linked as a file, and what it doesn't hold in the repository."
    def cell(self, cell):
        if cell.cell_type == "markdown": cell.source = re.sub(r"(?<!!)\[([^\[\]]+)\]\(([^)#:\s]+)\)", self.lead, cell.source)

    def lead(self, match):
        path = Path(os.path.normpath(Path(self.nb.origin).parent / match[2]))
        if path.suffix == ".ipynb" or not (root / path).exists(): return match[0]
        if path == Path("nbs/touch.html"): path = Path(path.name)
        elif path.parts[0] != "figures": return in_repository(match[1], path.as_posix())
        depth = len(Path(self.nb.origin).parts) - 2                # the site has no folder nbs
        there = "../" * depth + path.as_posix()
        return f"[{match[1]}]({there})" if path.suffix == ".md" else f'<a href="{there}">{match[1]}</a>'


class at_full_size(Processor):
    "The notebooks that draw hold pictures at smoke size; before them comes what a profile has made, with its caption."
    def begin(self):
        path = Path(self.nb.origin)
        found = [folder for folder in profiles() if (folder / f"{path.stem}.png").exists()]
        if path.parent in map(Path, ("nbs", "nbs/machinery", "nbs/appendix")) or not found: return
        links = ", ".join(f'<a href="../figures/{folder.name}/index.html#{path.stem}">{folder.name}</a>' for folder in found)
        record = json.loads((found[0] / f"{path.stem}.json").read_text(encoding="utf-8"))
        caption, commit = escape(record["caption"]), escape(record["commit"])
        if settings.git_url: commit = f'<a href="{settings.git_url}/commit/{commit}">{commit[:10]}</a>'
        made = f"This notebook, commit {commit if settings.git_url else commit[:10]}" + " and uncommitted changes" * bool(record.get("uncommitted_changes"))
        picture = next(p for kind in ("gif", "png") if (p := found[0] / f"{path.stem}.{kind}").exists())   # moving, if there is one
        text = (f'<figure><img src="../figures/{found[0].name}/{picture.name}" alt="{caption}">\n'
                f"<figcaption>{caption} {made}.</figcaption></figure>\n\nIn the galleries: {links}. Below, the notebook itself, at the size of its tests.")
        self.nb.cells.insert(2, mk_cell(text, "markdown"))


class Book(FilterDefaults):
    "nbdev's processors, but exported code stays: it is what the book is about."
    def base_procs(self):
        return [find_module, populate_language, add_show_docs, strip_ansi, hide_line, filter_stream_, rm_header_dash,
                show_api, clean_magics, hide_, rm_eval, rm_widgets, follow_links, link_names, origin, at_full_size]


def process(path):
    "One notebook, from nbs into _proc; returns its title."
    nb = read_nb(path)
    nb.origin = path.relative_to(root).as_posix()
    Book()(nb)
    nb.metadata.pop("widgets", None)
    for extra in ("origin", "module", "has_docs_"): nb.pop(extra, None)
    target = pages / path.relative_to(notebooks)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_nb(nb, target)
    return re.match(r"# (.*)", nb.cells[0].source)[1]


def reading_order():
    "All notebooks by folder: chapters by name, figures as in the galleries, others as the start page mentions them."
    mentioned = re.findall(r"\(([\w/]+)\.ipynb\)", (notebooks / "index.ipynb").read_text(encoding="utf-8"))
    mentioned += [f"figures/{figure}" for figure in in_galleries(figures("figures"))]
    rank = {name: place for place, name in reversed(list(enumerate(mentioned)))}  # the first mention counts
    def place(path):
        name = path.relative_to(notebooks).with_suffix("").as_posix()
        return path.parent != notebooks and rank.get(name, len(rank)), name
    folders = [notebooks, *(notebooks / name for name in ("machinery", "appendix", "figures", "benchmarks", "stress", "studies"))]
    return {folder: sorted((p for p in folder.glob("*.ipynb") if p.stem != "index"), key=place) for folder in folders}


def on_paper(cell):
    "A cell as the page to print has it: nothing of what goes into the library but its signatures, and links within the page."
    if "export" in cell.metadata.get("tags", []) or cell.source.startswith(":::{container} origin"): return
    if said := re.match(r":::\{py:\w+\} (.*)\n:module: .*\n\n(.*(?:\n.+)*)", cell.source): cell.source = f"`{said[1]}`: {said[2]}"
    if cell.cell_type == "markdown": cell.source = re.sub(r"\]\((\d\w+)\.ipynb[^)]*\)", r"](#on-paper-\1)", cell.source)
    return cell


def book(entries):
    "All chapters on one page, to print, beside the site's contents and not searched; `entries` are (title, page)."
    listed = "\n".join(f"- [{title}](#on-paper-{page})" for title, page in entries)
    nb = read_nb(pages / "index.ipynb")
    nb.metadata.update(orphan=True, nosearch=True)
    nb.cells[0].source = nb.cells[0].source.replace(f"# {settings.title}", "# Model collapse: the chapters")
    nb.cells[1:] = [on_paper(nb.cells[2]), mk_cell(
        f"{listed}\n\nLeft out here: the code that goes into the library, but for its signatures; it stands in the notebooks. "
        f"{settings.title} {settings.version}, {settings.copyright}. Licence: Apache 2.0.", "markdown")]
    for title, page in entries:
        first, *rest = read_nb(pages / f"{page}.ipynb").cells
        first.source = re.sub("# .*", f"(on-paper-{page})=\n# {title}", first.source, count=1)
        nb.cells += filter(None, map(on_paper, [first, *rest]))
    write_nb(nb, pages / "on_paper.ipynb")


def contents(caption, entries):
    listed = "\n".join(f"{title} <{page}>" for title, page in entries)
    return mk_cell(f":::{{toctree}}\n:hidden:\n:caption: {caption}\n\n{listed}\n:::", "markdown")


def rank_of_profile(folder): return folder.name != "quick", folder.name != "paper", folder.name


def profiles():
    found = (index.parent for index in (root / "figures").glob("*/index.html"))
    return sorted((folder for folder in found if folder.name != "smoke"), key=rank_of_profile)


def results():
    "Pages from what RESULTS.md says of a profile, as (title, page)."
    for folder in profiles():
        if not (source := folder / "RESULTS.md").exists(): continue
        target = pages / "figures" / folder.name / source.name
        target.parent.mkdir(parents=True, exist_ok=True)
        for picture in folder.glob("results_*.png"): shutil.copy(picture, target.parent)
        text = source.read_text(encoding="utf-8")
        target.write_text(re.sub(r"\]\(\.\./\.\./nbs/", "](../../", text), encoding="utf-8")
        yield re.match("# (.*)", text)[1], f"figures/{folder.name}/RESULTS"


def galleries():
    "A page that leads to the pictures of each profile, which are copied as they are."
    parts = ["# Galleries\n\nWhat the figure notebooks have made, profile by profile: pictures, captions, and every number that was drawn."]
    for folder in profiles():
        here = f"figures/{folder.name}"
        shutil.copytree(folder, site / here, ignore=shutil.ignore_patterns("executed"))
        page = site / here / "index.html"                          # whose links lead to notebooks, which are pages here
        page.write_text(re.sub(r"\.\./nbs/([\w/]+)\.ipynb", r"../\1.html", page.read_text(encoding="utf-8")), encoding="utf-8")
        pictures = "".join(f'<a href="{here}/{p.name}"><img src="{here}/{p.name}" alt="{p.stem}" title="{p.stem}"></a>'
                           for p in sorted(folder.glob("*.png")))
        parts.append(f'## {folder.name}\n\n<p><a href="{here}/index.html">Open the gallery</a></p>\n\n'
                     f'<div class="galleries">{pictures}</div>')
    (pages / "galleries.md").write_text("\n\n".join(parts), encoding="utf-8")


def touch():
    "The page of sliders as it is, but its links lead to pages."
    page = (notebooks / "touch.html").read_text(encoding="utf-8")
    (site / "touch.html").write_text(re.sub(r'href="(\w+)\.ipynb"', r'href="\1.html"', page), encoding="utf-8")


def main():
    for folder in (pages, settings.doc_path): shutil.rmtree(folder, ignore_errors=True)
    process(notebooks / "index.ipynb")
    start = read_nb(pages / "index.ipynb")
    for folder, paths in reading_order().items():
        entries = [(process(path), path.relative_to(notebooks).with_suffix("").as_posix()) for path in paths]
        if folder == notebooks:
            entries = [(f"{Path(page).name.split('_')[0]} {title}", page) for title, page in entries]
            book(entries)
            start.cells[2].source += "\n\nTo read on paper: [all chapters on one page](on_paper.ipynb), to print or to save as PDF."
            entries += [("Index of names", "genindex")]
        if folder.name == "figures": entries = [("Galleries", "galleries"), *results(), *entries]
        start.cells.append(contents("Chapters" if folder == notebooks else folder.name.capitalize(), entries))
    write_nb(start, pages / "index.ipynb")
    galleries()
    touch()
    mathjax = Path(find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
    for part in ("tex-chtml.js", *(font.relative_to(mathjax) for font in mathjax.glob("output/chtml/fonts/woff-v2/*"))):
        (site / "_static" / "mathjax" / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(mathjax / part, site / "_static" / "mathjax" / part)
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-j", "2", "-c", root / ".docs", "-d", pages / ".doctrees"]
    subprocess.run([*command, pages, site], check=True)
    shutil.move(site, settings.doc_path)


if __name__ == "__main__": main()
