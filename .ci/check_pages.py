"""Every page in a real browser, narrow and wide, light and dark: everything loads, fits and is rendered, and links lead somewhere.

check_pages.py _docs                       the site: served on 127.0.0.1; equations, search and printing as well
check_pages.py --files figures/*/index.html    galleries as they are opened from the disk; every picture described
"""
import argparse
import os
import shutil
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

VIEWS = (1400, "light"), (400, "light"), (400, "dark"), (1400, "dark")
BROWSERS = "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"
EQUATIONS = "02b_gaussian.html", "04_vae.html"
PRINTED = "on_paper.html"
SEARCHES = {"perplexity": ("01_lm_module", "01b_metrics")}

INSPECT = r"""async () => {
    for (const image of document.images) image.loading = "eager";
    await Promise.all([...document.images].map(image => image.decode().catch(() => {})));
    if (window.MathJax && MathJax.startup) await MathJax.startup.promise;
    const page = document.documentElement, found = [];
    for (const image of document.images) if (!image.naturalWidth) found.push(`picture ${image.src} doesn't decode`);
    for (const image of document.images) if (!(image.alt || "").trim()) found.push(`no alt: ${image.src}`);
    if (page.scrollWidth > page.clientWidth) {
        const inside = element => [...function*() { for (let e = element.parentElement; e; e = e.parentElement) yield e; }()]
            .some(e => e !== document.body && e !== page && getComputedStyle(e).overflowX !== "visible");
        const widest = [...document.body.querySelectorAll("*")].filter(e => !inside(e) && e.getBoundingClientRect().right > page.clientWidth + 1)
            .map(e => e.tagName.toLowerCase() + (e.id ? "#" + e.id : e.classList.length ? "." + e.classList[0] : ""));
        found.push(`${page.scrollWidth} pixels wide: ${widest.slice(0, 3).join(", ")}`);
    }
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text; text = walker.nextNode();) {
        if (text.parentElement.closest("pre, code, script, style, noscript, mjx-container, textarea")) continue;
        const raw = text.data.match(/\\(frac|sum|hat|sqrt|mu|sigma|log|begin)\b|\$[^$]+\$|\\\(|\\\[/);
        if (raw) found.push(`raw equation: ${text.data.trim().slice(0, 60)}`);
    }
    const broken = document.querySelectorAll("mjx-merror, .katex-error");
    for (const element of broken) found.push(`broken equation: ${element.textContent.slice(0, 60)}`);
    const links = [...new Set([...document.links].map(link => link.href.split(/[?#]/)[0]))];
    return {found, links, equations: document.querySelectorAll("mjx-container, math").length};
}"""

CUT_OFF = """() => [...document.querySelectorAll("article *")]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 8 && !e.closest("mjx-assistive-mml"))
    .map(e => `cut off on paper: ${e.tagName.toLowerCase()} in #${e.closest("section").id}`)"""


def chromium():
    "Path of the browser, or None."
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def launch(playwright):
    "The browser; root, as in a container, has to do without its sandbox."
    return playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"] if os.getuid() == 0 else [])


def serve(folder):
    "Serve `folder` on 127.0.0.1, from a thread; returns the address."
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_): pass
        def do_GET(self):                                          # the browser's own wish, where a page names no icon
            if self.path == "/favicon.ico": self.send_response_only(204), self.end_headers()
            else: super().do_GET()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


class Checker:
    "A browser, and what it has found so far."
    def __init__(self, browser, screenshots=None):
        self.browser, self.screenshots, self.found, self.visited = browser, screenshots, {}, 0

    def note(self, name, fault, where): self.found.setdefault((name, fault), []).extend(where)

    def page(self, context, name, where):
        page = context.new_page()
        page.on("console", lambda m: m.type == "error" and self.note(name, f"console: {m.text}", where))
        page.on("pageerror", lambda e: self.note(name, f"script error: {e}", where))
        page.on("requestfailed", lambda r: self.note(name, f"failed request: {r.url} ({r.failure})", where))
        page.on("response", lambda r: r.status >= 400 and self.note(name, f"{r.status}: {r.url}", where))
        page.on("request", lambda r: not r.url.startswith(("http://127.0.0.1:", "file:", "data:", "blob:"))
                and self.note(name, f"asks another server: {r.url}", where))
        return page

    def visit(self, urls, root="file://", folder=Path("/"), need_alt=False, need_equations=()):
        "Open every page, `urls` being name → address, and look at it at all widths and in both schemes; `folder` is at `root`."
        with self.browser.new_context() as context:
            for name, url in urls.items():
                where = []                                         # what the page looks like at the moment
                page = self.page(context, name, where)
                for width, scheme in VIEWS:
                    where[:] = [f"{width} {scheme}"]
                    page.set_viewport_size({"width": width, "height": 900})
                    page.emulate_media(color_scheme=scheme)
                    if page.url == "about:blank": page.goto(url, wait_until="load")
                    seen = page.evaluate(INSPECT)
                    for fault in seen["found"]:
                        if need_alt or not fault.startswith("no alt"): self.note(name, fault, where)
                    if name in need_equations and not seen["equations"]: self.note(name, "no equation is rendered", where)
                    if self.screenshots: self.shoot(page, f"{name}-{width}-{scheme}")
                for link in seen["links"]:
                    path = folder / unquote(link.removeprefix(root)).lstrip("/")
                    if link.startswith(root) and not path.exists(): self.note(name, f"link to nothing: {link}", where)
                page.close()
                self.visited += 1

    def shoot(self, page, name):
        page.screenshot(path=self.screenshots / f"{name.replace('.html', '').replace('/', '-')}.png", full_page=True)

    def search(self, base):
        "What is typed into the search box finds its chapter."
        context = self.browser.new_context()
        for words, chapters in SEARCHES.items():
            page = self.page(context, "search", [words])
            page.goto(base + "/index.html", wait_until="networkidle")
            page.fill("input[name=q]", words)
            page.press("input[name=q]", "Enter")
            try: page.wait_for_selector(", ".join(f'#search-results a[href*="{chapter}"]' for chapter in chapters), timeout=20_000)
            except Exception: self.note("search", f"'{words}' doesn't find {' or '.join(chapters)}", [words])
            page.wait_for_load_state("networkidle")
            if self.screenshots: self.shoot(page, f"search-{words}")
        context.close()

    def paper(self, base):
        "The page of all chapters on paper: nothing is wider than that, and there are about as many sheets as one would expect."
        with self.browser.new_context(viewport=dict(width=643, height=900)) as context:    # A4 without the margins of style.css
            page = self.page(context, PRINTED, ["printed"])
            page.emulate_media(media="print")
            page.goto(f"{base}/{PRINTED}", wait_until="load")
            for fault in [*page.evaluate(INSPECT)["found"], *page.evaluate(CUT_OFF)]: self.note(PRINTED, fault, ["printed"])
            sheets = page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n")
            if not 80 < sheets < 200: self.note(PRINTED, f"{sheets} sheets of paper", ["printed"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", nargs="?", type=Path, help="folder with the pages")
    parser.add_argument("--files", nargs="+", type=Path, default=[], help="pages to open from the disk")
    parser.add_argument("--only", nargs="+", help="just these pages of the site")
    parser.add_argument("--screenshots", type=Path, help="folder for pictures of all pages")
    args = parser.parse_args()
    if not chromium():
        print("no browser here: apt-get install chromium", file=sys.stderr)
        return 2
    from playwright.sync_api import sync_playwright
    if args.screenshots: args.screenshots.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        checker = Checker(browser, args.screenshots)
        if args.site:
            names = sorted(p.relative_to(args.site).as_posix() for p in args.site.rglob("*.html") if "_static" not in p.parts)
            base = serve(args.site)
            checker.visit({n: f"{base}/{quote(n)}" for n in names if not args.only or n in args.only}, base, args.site,
                          need_equations=EQUATIONS)
            checker.search(base)
            checker.paper(base)
        checker.visit({str(p): p.resolve().as_uri() for p in args.files}, need_alt=True)
        browser.close()
    for (name, fault), where in checker.found.items(): print(f"{name}: {fault} [{', '.join(dict.fromkeys(where))}]")
    print(f"{checker.visited} pages, {len(VIEWS)} views each, {len(checker.found)} faults")
    return int(bool(checker.found))


if __name__ == "__main__": sys.exit(main())
