"""The page of sliders in a real browser: its chains against its closed forms, these against the library, and its form by keyboard.

check_touch.py nbs/touch.html
"""
import argparse
import sys
from itertools import product
from pathlib import Path

import numpy as np
from check_pages import chromium, launch

from collapse_nb.discrete import ancestors, expected_lost, zipf
from collapse_nb.forces import balance, variance_left
from collapse_nb.gaussian import expected_log_variance, expected_moments

START = dict(model="urn", K=20, s=1, ddof=1, n=50, generations=40, policy="replace", p=.1, temperature=1, chains=200, seed=0)


def rounded(s):
    "The share of real data as the policies round it; 0 where nothing real comes in."
    return round(s["p"] * s["n"]) / s["n"] if s["policy"] in ("keep", "fresh") else 0


def expected(s):
    "The library's numbers for settings of the page, or None where it has no closed form."
    n, G, policy, tau, shows = (s[name] for name in ("n", "generations", "policy", "temperature", "shows"))
    g = np.arange(G + 1)
    if shows == "log":
        return expected_log_variance(n, g + 1, s["ddof"]) + g * np.log(tau) if policy == "replace" else None
    if s["model"] == "gaussian":
        which = ("error", "variance").index(shows)
        if tau == 1 and policy in ("replace", "accumulate"): return expected_moments(n, G, s["ddof"], policy)[which]
        if policy == "accumulate": return None
        return balance(n, G, rounded(s), tau, policy == "keep", s["ddof"])[which]
    p = zipf(s["K"], s["s"])
    if tau != 1: return None
    if shows == "differ": return (1 - (p**2).sum()) * variance_left(policy, n, G, s["p"])
    return len(p) - expected_lost(p, ancestors(n, g)) if policy == "replace" else None


def cases():
    "Settings of all kinds: odd and even sizes, shares that round, temperatures below, at and above 1."
    models = dict(urn=("differ", "kinds"), gaussian=("variance", "error", "log"))
    shown = [(model, shows) for model, several in models.items() for shows in several]
    policies = ("replace", .1), ("accumulate", .1), ("keep", .1), ("fresh", .25), ("keep", .5), ("fresh", 1)
    sizes = (5, 30, 0), (25, 12, 1), (50, 40, 1), (200, 100, 0)
    for (model, shows), (policy, p), (n, generations, ddof), tau in product(shown, policies, sizes, (.8, 1, 1.2)):
        if policy == "replace" or round(p * n):
            yield START | dict(model=model, shows=shows, policy=policy, p=p, n=n, generations=generations,
                               ddof=ddof, temperature=tau, K=10 + n // 10, s=.5 + ddof)


def check_formulas(page):
    "The page has a closed form where the library has one, with the same numbers."
    found = page.evaluate("several => several.map(s => measures[s.shows].holds(s) ? measures[s.shows].expected(s) : null)",
                          several := list(cases()))
    count = 0
    for s, ours in zip(several, found, strict=True):
        theirs = expected(s)
        assert (ours is None) == (theirs is None), f"a closed form on one side only: {s}"
        if ours is None: continue
        apart = (abs(np.array(ours) - theirs) / np.maximum(1, abs(theirs))).max()
        assert len(ours) == s["generations"] + 1 and apart < 1e-12, f"{apart:.1e} apart: {s}"
        count += 1
    return f"{count} closed forms are the library's, {len(several) - count} are on neither side"


def check_means(page):
    "The mean over 1,000 chains is within five standard errors of the closed form, in every generation."
    farthest, count = 0, 0
    for s in cases():
        if s["n"] > 50 or s["policy"] == "keep" and s["p"] == .5: continue           # enough of them
        s |= dict(generations=10, chains=1000, n=max(s["n"], 10), seed=3)
        found = page.evaluate("s => { const {lines, ...others} = simulate(s); return others; }", s)
        if found["theory"] is None: continue
        mean, error, theory = (np.array(found[name]) for name in ("mean", "error", "theory"))
        apart = abs(mean - theory) / np.maximum(error, 1e-9)
        assert apart.max() < 5, f"{apart.max():.1f} standard errors: {s}"
        farthest, count = max(farthest, apart.max()), count + 1
    return f"{count} settings: means of 1,000 chains within {farthest:.1f} standard errors of the closed forms"


def check_form(page):
    "Every field has a label; keys move the sliders; what is shown follows, and is the same for the same seed."
    unnamed = page.evaluate("[...form.elements].filter(e => e.name && !e.labels.length).map(e => e.name)")
    assert not unnamed, f"without a label: {unnamed}"
    def numbers():
        rows = page.evaluate("[...document.querySelectorAll('table tr')].slice(1).map(r => [...r.cells].map(c => c.textContent))")
        return np.array([[float(cell) if cell != "none" else np.nan for cell in row] for row in rows])
    def said(words):
        page.wait_for_function("words => document.querySelector('#summary').textContent.includes(words)", arg=words)
    said("200 chains of urns, K = 20")
    first = numbers()
    assert len(first) == 41 and (abs(first[:, 1] - first[:, 4]) < 5 * first[:, 2] + .001).all()
    page.focus("#generations")
    page.keyboard.press("End")
    said("In generation 100")
    assert (numbers()[:41] == first).all(), "a long chain doesn't begin with the short one"
    page.focus("#policy")
    page.keyboard.type("keep")
    said("keep(0.1)")
    assert page.evaluate("document.querySelectorAll('svg path').length") == 202           # with mean and closed form
    page.focus("#n")
    page.keyboard.press("Home")
    said("keep(0.1) of 2 examples is none")
    page.keyboard.press("End")
    page.focus("[name=model]:checked")
    page.keyboard.press("ArrowRight")
    said("Gaussians, ddof=1, n = 200, keep(0.1)")
    page.focus("#temperature")
    page.keyboard.press("ArrowLeft")
    said("τ = 0.95")
    page.select_option("#gaussianShows", "log")
    said("no closed form: the book has one under replace only")
    address, before = page.url, numbers()
    page.get_by_role("button").press("Enter")
    said("seed 1")
    assert not (numbers() == before).all()
    page.goto("about:blank")
    page.goto(address)
    said("seed 0")
    assert np.array_equal(numbers(), before, equal_nan=True), "the address doesn't bring back what was shown"
    return "the form obeys the keyboard, is labelled, speaks, and its address brings it back"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path)
    path = parser.parse_args().page
    if not chromium():
        print("no browser here: apt-get install chromium", file=sys.stderr)
        return 2
    from playwright.sync_api import sync_playwright
    assert len(path.read_text(encoding="utf-8").splitlines()) < 400, "the page should stay short enough to be read"
    with sync_playwright() as playwright:
        page, faults = launch(playwright).new_page(), []
        page.on("console", lambda m: faults.append(m.text))
        page.on("pageerror", lambda e: faults.append(str(e)))
        page.on("request", lambda r: r.url.startswith(("file:", "data:", "about:")) or faults.append(f"asks for {r.url}"))
        page.goto(path.resolve().as_uri())
        for check in (check_formulas, check_means, check_form): print(check(page), flush=True)
        assert not faults, faults
    return 0


if __name__ == "__main__": sys.exit(main())
