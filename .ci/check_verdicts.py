"""The verdicts of `results.csv`, computed a second time, from the tables and the criteria that
`nbs/06_results.ipynb` states, without its code. Arguments: folders; `-v` prints every line."""
import json
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

HOLDS, FAILS, OPEN, AT_ONCE = "yes", "no", "undecided", "in generation 0 already"
EYE = {500: 700, 1000: 200, 10_000: .45, 50_000: .001, 200_000: .0005}       # read by eye, at 2,050
NO_FLOOR = 1e-9

def wilson(k, n):
    ci = stats.binomtest(int(k), int(n)).proportion_ci(.95, "wilson")
    return ci.low, ci.high

def student(x):
    "Mean and interval of 95 %; of one run there is none."
    x = np.asarray(x, float)
    half = stats.t.ppf(.975, len(x) - 1) * x.std(ddof=1) / len(x)**.5 if len(x) > 1 else np.inf
    return x.mean(), x.mean() - half, x.mean() + half

def side(low, high, limit, below=HOLDS, above=FAILS):
    return below if high < limit else above if low > limit else OPEN

def size(n): return f"n = {n:,}"

def other_model(agrees):
    "A number of the paper's model, asked of another one."
    return f"{'agrees' if agrees else 'differs'}, another model"


class Folder:
    def __init__(self, path):
        self.path = Path(path)
        self.lines = []                 # question, words of family and case, verdict, value, tolerance

    def read(self, name):
        file = self.path / f"{name}.csv"
        return pd.read_csv(file) if file.exists() else None

    def parameters(self, name): return json.loads((self.path / f"{name}.json").read_text())["parameters"]

    def note(self, question, words, verdict, value=None, tolerance=.01):
        self.lines.append((str(question), words, verdict, value, tolerance))

    def recompute(self):
        for part in (self.errors, self.theory, self.states, self.gaussian, self.modes, self.distances,
                     self.images, self.text): part()
        return self.lines

    def errors(self):
        table = self.read("estimation_error")
        if table is None: return
        row = table[(table.quantity == "mean") & (table.n == 10**7)]
        if row.empty: return
        row, repeats = row.iloc[0], self.parameters("estimation_error")["n_repeats"]
        half = stats.t.ppf(.975, repeats - 1) * row.sd / repeats**.5
        kurtosis = 3 + 8 * (np.pi - 3) / (np.pi - 2)**2                      # of |x|, x normal
        wide = stats.norm.ppf(.975) * row.sd * ((kurtosis - 1) / 4 / repeats)**.5
        for words, x, h, printed in ((["mean of the error"], row.error, half, 2.5e-4),
                                     (["standard deviation of the error"], row.sd, wide, 1.9e-4)):
            meet = x - h <= printed + 5e-6 and x + h >= printed - 5e-6
            self.note("paper", words, "agrees" if meet else "differs", x)

    def theory(self):
        table = self.read("gaussian_theory")
        if table is None: return
        table = table[table.quantity.isin(["spread", "w2"]) & (table.ddof == 1)]
        for (quantity, n), part in table.groupby(["quantity", "sample_size"]):
            part = part.sort_values("fits")
            for row in (part.iloc[(part.fits - n / 9).abs().argmin()], part.iloc[-1]):
                law = 1 + row.fits / n if quantity == "spread" else 1.5 * row.fits / n
                near = [abs(row["mean"] - x) < 3 * row.standard_error for x in (law, row.theory)]
                verdict = ("agrees" if near[0] else "right to first order" if near[1] else "differs")
                if all(near) and abs(law - row.theory) > row.standard_error: verdict = "not told apart"
                name = "variance of Xᵏ" if quantity == "spread" else "W₂²"
                self.note("paper", [name, size(n), f"{row.fits:,} fits"], verdict, row["mean"])

    def states(self):
        table = self.read("discrete_absorption")
        if table is None: return
        for n in table.sample_size.unique(): self.note(4, ["urns", size(n)], HOLDS, 0)    # by construction
        for (start, n), part in table.groupby(["start", "sample_size"]):
            for kind, quantity in (("kinds", "rare_states"), ("mass", "rare_mass")):
                rows = part[(part.quantity == quantity) & (part.real > 0)].set_index("generation")
                if start == "uniform" or 5 not in rows.index: continue
                half = rows.standard_error * stats.norm.ppf(.975)
                low, high = rows["mean"] - half, rows["mean"] + half
                self.rare(["urns", kind, size(n)], *(x / rows.real for x in (rows["mean"], low, high)))

    def band(self, rows, real=1): return [rows[c] / real for c in ("median", "low", "high")]

    def rare(self, words, middle, low, high):
        "Claim 2, of what is left in each generation."
        verdict = AT_ONCE if high[0] < .1 else side(low[5], high[5], .1)
        self.note(2, words, verdict, 100 * middle[5])

    def steps(self, words, path, generations):
        "Claim 1, of a path of variances: the share of steps in the band, each as often as it spans."
        path, spans = np.asarray(path, float), np.diff(generations).astype(int)
        kept = path[:-1] > .01 * path[0]
        loss = 1 - (path[1:] / path[:-1])**(1 / spans)
        inside = ((loss >= .25) & (loss <= .5))[kept]
        share = np.average(inside, weights=spans[kept])
        verdict = HOLDS if share >= .9 else FAILS if share < .5 else OPEN
        self.note(1, words, verdict, 100 * share)

    def gaussian(self):
        table = self.read("gaussian_replace")
        if table is None: return
        for n, part in table.groupby("sample_size"):
            rows = {name: x.set_index("generation") for name, x in part.groupby("quantity")}
            self.steps(["Gaussian", size(n)], [1, *rows["std"]["median"]**2], [-1, *rows["std"].index])
            if "rare_mass" in rows: self.rare(["Gaussian", size(n)], *self.band(rows["rare_mass"]))
            if "comes_back" in rows:
                back = rows["comes_back"].iloc[-1]
                self.note(4, ["Gaussian", size(n)], side(back.low, back.high, .5), 100 * back["median"])

    def modes(self):
        table, chains = self.read("gmm_modes"), self.read("gmm_modes_chains")
        if table is None: return
        for n, part in table.groupby("n_samples"):
            rows = {name: x.set_index("generation").sort_index() for name, x in part.groupby("quantity")}
            ratio = rows["variance_ratio"]["median"]
            self.steps(["two modes", size(n)], ratio, ratio.index)
            if "beyond_90.0%" in rows:
                self.rare(["mixtures", size(n)], *self.band(rows["beyond_90.0%"], .1))
        if chains is None or "first_one_mode" not in chains: return
        for n, part in chains.groupby("n_samples"):
            last = f"{part.generation.max():,} generations"
            once = (part.first_one_mode >= 0)
            merged = side(*wilson(once.sum(), len(once)), .5, FAILS, HOLDS)
            self.note(3, [size(n), last, "two modes"], merged, 100 * once.mean())
            back = part.regained > .1
            self.note(4, ["mixtures", size(n)], side(*wilson(back.sum(), len(back)), .5), 100 * back.mean())
            ratio2 = ((part.distance / part.distance_0)**2).to_numpy()
            draws = np.random.default_rng(1).choice(ratio2, (2000, len(ratio2))).mean(axis=1)**.5
            self.note(6, [size(n), last], side(*np.quantile(draws, (.025, .975)), 1), ratio2.mean()**.5)

    def distances(self):
        table, chains = self.read("gmm_l2"), self.read("gmm_l2_chains")
        if table is None: return
        last = table[(table.quantity == "l2") & (table.start == "one") & (table.generation == 2050)]
        if "reg_covar" in last: last = last[last.reg_covar > NO_FLOOR]
        for row in last.itertuples():
            if row.sample_size not in EYE: continue
            eye, verdict = EYE[row.sample_size], "agrees"
            if row.low > 1.1 * eye or row.high < .9 * eye or row.chains == 1: verdict = "differs"
            self.note("paper", ["L2", size(row.sample_size), "2,050 generations"], verdict, row.median)
        if chains is None: return
        for (start, reg, n), part in chains.groupby(["start", "reg_covar", "sample_size"]):
            if start == "two":
                once = part[part.generation > 0].groupby("chain").modes.apply(lambda modes: (modes == 1).any())
                self.note(3, [size(n), f"{part.generation.max():,} generations", "'two'"],
                          side(*wilson(once.sum(), len(once)), .5, FAILS, HOLDS), 100 * once.mean())
            part = part.pivot(index="generation", columns="chain")
            l2, narrow = part["l2"], part["narrowest"]
            floor = [g for g in l2.index if narrow.loc[g].median() <= n / 2 * reg and reg > NO_FLOOR]
            end = min(floor) if floor else np.inf
            for when, first, stop in (("early", 1, n / 10), ("late", n / 2, l2.index.max())):
                kept = [g for g in l2.index if first <= g <= stop and g < end]
                words = [when, size(n), f"'{start}'"] + (["floor"] if reg < NO_FLOOR else [])
                if len(kept) < 5 or l2.shape[1] < 10: continue                        # not asked
                self.growth(words, kept, l2.loc[kept].to_numpy())

    def growth(self, words, g, l2):
        "Claim 5: R² of straight lines against g and log g, at thirty even generations."
        at = np.linspace(g[0], g[-1], 30)
        def line(values): return np.interp(np.log(at), np.log(g), np.log(np.median(values, axis=1)))
        def both(values):
            y = line(values)
            return [stats.pearsonr(x, y)[0]**2 for x in (at, np.log(at))]
        exponential, power = both(l2)
        rng, n = np.random.default_rng(2), l2.shape[1]
        apart = [np.subtract(*both(l2[:, rng.integers(n, size=n)])) for _ in range(400)]
        low, high = np.quantile(apart, (.025, .975))
        verdict = (HOLDS if low > 0 and exponential > .8 else
                   FAILS if high < 0 and power > .8 else OPEN)
        slope = stats.linregress(np.log(at), line(l2)).slope
        self.note(5, words, verdict, slope, .03)

    def images(self):
        table = self.read("vae_latents")
        if table is None: return
        ours = table[table.of == "ours"].pivot(index="generation", columns="run")
        authors = table[table.of == "the authors'"].pivot(index="generation", columns="run")["latent_std"]
        real = table[table.of == "real images"].pixel_variance.iloc[0]
        last, own = ours.index.max(), ours["latent_std"]
        for g in [g for g in authors.index if g in own.index]:
            self.welch([f"generation {g:.0f};"], own.loc[g], authors.loc[g])
        if {1, 5} <= set(own.index):
            self.welch(["change"], own.loc[5] - own.loc[1], authors.loc[5] - authors.loc[1])
        mean = ours["latent_mean"].loc[1:5]
        within = mean.min().min() >= -.045 and mean.max().max() < .085
        self.note("paper", ["μ of the latents"], "agrees" if within else "wider", mean.max().max())
        self.steps(["images"], [real, *np.exp(np.log(ours["pixel_variance"]).mean(axis=1))], [-1, *ours.index])
        kinds = np.exp(ours["class_entropy"])
        one = kinds.loc[last] < 2
        self.note(3, ["images"], HOLDS if one.all() else OPEN if one.any() else FAILS, kinds.loc[last].mean())
        if last < 2: return
        self.come_back(["images", "kinds"], -kinds)

    def come_back(self, words, loss):
        "Claim 4, of a loss by generation and chain."
        worst, first, end = loss.max(), loss.iloc[0], loss.iloc[-1]
        back = (worst - end) / (worst - first).where(worst > first)
        share = (back.fillna(0) > .1)
        self.note(4, words, side(*wilson(share.sum(), len(share)), .5), 100 * share.mean())

    def welch(self, words, ours, authors):
        p = stats.ttest_ind(ours, authors, equal_var=False).pvalue
        sides = ("falls more", "falls less") if words == ["change"] else ("lower", "higher")
        verdict = "not told apart" if p > .05 else sides[int(ours.mean() > authors.mean())]
        self.note("paper", ["σ", *words], verdict, ours.mean())

    def text(self):
        table, penalty = self.read("lm_perplexity"), self.read("lm_repetition")
        for setting, part in [] if table is None else table.groupby("setting"):
            name, wide = f"({setting})", part.pivot(index="generation", columns="seed")
            last = wide.index.max()
            for kind, column in (("kinds", "tail_types"), ("mass", "tail_share")):
                end = min(5, last - 1)                # what generation g wrote is the set of g + 1
                if end >= 3:
                    left = wide[column].loc[1:].to_numpy() / wide[column].loc[0].to_numpy()
                    verdict = side(left[end].min(), left[end].max(), .1)
                    if verdict == HOLDS and left[0].mean() < .1: verdict = AT_ONCE
                    self.note(2, [name, kind], verdict, 100 * left[end].mean())
            if last >= 2: self.come_back([name], 1 - wide["coverage"])
            if "step_low" in wide:
                rises = (wide["step_low"].loc[1:] > 1).to_numpy()
                falls = (wide["step_high"].loc[1:] < 1).to_numpy()
                verdict = FAILS if falls.any() else HOLDS if rises.all() and len(rises) >= 2 else OPEN
                self.note(7, [name], verdict, 100 * rises.mean())
            if setting == "a":
                first = wide["perplexity"].loc[0].mean() / 34
                self.note("paper", ["perplexity of generation 0"], other_model(.95 <= first <= 1.05), first)
            rise = wide["perplexity"].loc[last] - wide["perplexity"].loc[0]
            low, high = dict(a=(20, 28), b=(0, 8))[setting]
            self.note("paper", ["rise", name], other_model(low <= rise.mean() <= high), rise.mean())
        if table is not None:
            start = table.before_training.iloc[0] / 115
            self.note("paper", ["before training"], other_model(.95 <= start <= 1.05), start)
        if penalty is not None:
            end = penalty[penalty.generation == penalty.generation.max()]
            wide = end.pivot_table(index=["setting", "seed"], columns="penalty", values="perplexity")
            mean, low, high = student(wide[wide.columns.max()] / wide[1])
            verdict = "not doubled" if high < 2 else "more" if low > 2 else "agrees"
            self.note("paper", ["penalty"], OPEN if len(wide) < 2 else verdict, mean)

def found(words, text):
    "Whether all words are in the text, numbers whole."
    return all(re.search(rf"(?<![\w,.]){re.escape(w)}(?![\d]|,\d|\.\d)", text) for w in words)

def check(folder, loud):
    "How many lines were compared, and what disagrees."
    given = pd.read_csv(folder / "results.csv").fillna({"family": "", "case": "", "unit": ""})
    given = given[given.question.astype(str) != "in short"]
    mine, wrong, used = Folder(folder).recompute(), [], set()
    for row in given.itertuples():
        question, text = str(row.question), f"{row.family}; {row.case}"
        hits = [k for k, line in enumerate(mine) if line[0] == question and found(line[1], text)]
        hits = [k for k in hits if len(mine[k][1]) == max(len(mine[j][1]) for j in hits)]
        label = f"{folder.name}, {question}, {text}"
        if len(hits) != 1:
            wrong.append(f"{label}: {len(hits)} of the recomputed lines fit")
            continue
        used.add(hits[0])
        _, _, verdict, value, tolerance = mine[hits[0]]
        off = value is not None and abs(value - row.value) > tolerance * max(abs(value), abs(row.value))
        if not row.verdict.startswith(verdict) or off:      # a factor, or other data, may follow
            wrong.append(f"{label}: {row.verdict}, {row.value:.6g} {row.unit}; "
                         f"recomputed {verdict}, {value:.6g}")
        if loud: print(f"{label}: {row.verdict} | {verdict}; {row.value} {row.unit} | {value}")
    wrong += [f"{folder.name}: recomputed, but not in results.csv: {line[:4]}"
              for k, line in enumerate(mine) if k not in used]
    return len(given), wrong

if __name__ == "__main__":
    names = [a for a in sys.argv[1:] if a != "-v"]
    folders = [Path(a) for a in names or ("figures/" + a for a in ("quick", "paper", "local", "pretrained"))]
    folders = [f for f in folders if names or (f / "results.csv").exists()]
    total, wrong = 0, []
    for folder in folders:
        n, bad = check(folder, "-v" in sys.argv)
        total, wrong = total + n, wrong + bad
    print(*wrong, f"{total} lines of results in {len(folders)} folders, {len(wrong)} disagree", sep="\n")
    sys.exit(bool(wrong))
