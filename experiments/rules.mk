# The experiments as reproducible steps, for a clone's Makefile and for the one that `tldrkit init` writes.
#
# TLDRKIT is the command; VENV, where it is set, a file that is there once the command is installed, and
# MINILM_PACKAGE the same for the encoder of the profile minilm.

PROFILE   ?= tiny
SEEDS     ?= $(if $(filter tiny,$(PROFILE)),0 1 2,0)
RUNS      ?= a b c d
DATA      ?=
DATASET   ?=
WHOLE     ?=
ARTIFACTS ?= artifacts
MODEL     ?= $(PROFILE)
JOBS      ?= 2
THREADS   ?= 1

P       := $(PROFILE)
E       := experiments/$(P)
S       := $(ARTIFACTS)/$(P)
STORE   := --artifacts $(ARTIFACTS)
LOCAL   := $(STORE) $(if $(DATA),--data $(DATA)) $(if $(DATASET),--dataset $(DATASET))
SHARED  := $(LOCAL) --threads $(THREADS)
MADE    := latest.json

# A comparison: $(1) are the scores, $(2) its folder within the profile's, such as /study, $(3) its spec. It is made without a
# word, and shown, with its pages written, by the target that asks for it.
COMPARE  = $(TLDRKIT) compare $(1) --as $(P)$(2)/compare --spec $(3) $(STORE)
QUIETLY  = $(COMPARE) > $(S)$(2)/.compare.log 2>&1 || { cat $(S)$(2)/.compare.log; exit 1; }
SHOWN    = $(COMPARE) --md $(S)$(2)/comparison.md --json $(S)$(2)/comparison.json --html $(S)$(2)/comparison.html

# The score of a run that is given when the run is trained: $(1). Nothing is timed.
define SCORED
$(ARTIFACTS)/$(1)/eval/$(MADE): $(E)/eval.yaml $(ARTIFACTS)/$(1)/train/$(MADE)
	$(TLDRKIT) eval $(1)/train --as $(1)/eval --spec $(E)/eval.yaml $(SHARED)
endef

# A profile with a folder base/ starts from that model; one with a base.yaml makes its base, minilm's from the encoder
# MODEL; another starts from MODEL, a hub id or a folder.
ENCODER := $(if $(filter minilm,$(P)),$(MODEL))
MINILM := $(if $(filter minilm,$(ENCODER)),$(MINILM_PACKAGE))
GIVEN_BASE := $(patsubst %/config.json,%,$(wildcard $(E)/base/config.json))
BASE_MADE := $(if $(GIVEN_BASE),$(wildcard $(GIVEN_BASE)/*),$(if $(wildcard $(E)/base.yaml),$(S)/base/$(MADE)))
BASE := $(or $(GIVEN_BASE),$(if $(BASE_MADE),$(P)/base,$(MODEL)))

.PHONY: abc base help always
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# The base has the machine to itself; after it JOBS steps run side by side, each on THREADS processor threads, which
# is faster than one step on all of them. Their progress bars would overwrite each other: TERM=dumb shows lines.
MAKEFLAGS += --jobs=$(JOBS)
export TERM = dumb

## abc: make the RUNS, of a to f, compare them, and summarize experiments/threads with the winner
abc: $(S)/compare/$(MADE) $(S)/summaries.jsonl
	@$(call SHOWN,$(SCORES),,$(CLAIMS))
	@echo "Table: $(S)/comparison.md   Page: $(S)/comparison.html   Summaries by the winner: $(S)/summaries.jsonl"

# Another DATA, DATASET, MODEL, SEEDS or RUNS, or other files there, reach every step; tldrkit itself then skips what is unchanged.
SETTINGS := $(DATA) $(DATASET) $(MODEL) $(SEEDS) $(RUNS) $(WHOLE)
GIVEN := $(S)/.settings $(wildcard $(DATA:%=%/*.jsonl) $(DATA:%=%/*.jsonl.gz) $(DATA:%=%/*.csv) $(DATA:%=%/*.parquet)) \
         $(wildcard $(MODEL)/*.safetensors $(MODEL)/*.json $(MODEL)/*.model $(MODEL)/*.txt)
$(S)/.settings: always | $(VENV)
	@mkdir -p $(@D)
	@echo '$(SETTINGS)' | cmp -s - $@ || echo '$(SETTINGS)' > $@

$(S)/base/$(MADE): $(E)/base.yaml $(GIVEN) | $(VENV) $(MINILM)
	$(TLDRKIT) base $(ENCODER:%=--encoder %) --as $(P)/base --spec $(E)/base.yaml $(LOCAL)

## base: make the model again that the profile starts from, and put it into experiments/PROFILE/base
base: $(S)/base/$(MADE)
	rm -rf $(E)/base && mkdir $(E)/base
	cp $$(ls -d $(S)/base/v* | sort -V | tail -1)/* $(E)/base && rm $(E)/base/manifest.json

# WHOLE=yes adds a row to the table: the network before its vocabulary was trimmed, taught as A was. Its base is also that
# of the recipe, which needs no other.
ifeq ($(WHOLE),yes)
$(if $(wildcard $(E)/whole.yaml),,$(error WHOLE=yes is for a profile with a whole.yaml, such as minilm))
endif
$(S)/whole/base/$(MADE): $(E)/base.yaml $(E)/whole.yaml $(GIVEN) | $(VENV) $(MINILM) $(if $(filter yes,$(WHOLE)),$(BASE_MADE))
	$(TLDRKIT) base $(ENCODER:%=--encoder %) --as $(P)/whole/base --spec $(E)/base.yaml --spec $(E)/whole.yaml $(SHARED)

# B, C, E and F begin from one and the same smaller network.
$(S)/compress/$(MADE): $(E)/compress.yaml $(BASE_MADE) $(GIVEN) | $(VENV)
	$(TLDRKIT) compress $(BASE) --as $(P)/compress --spec $(E)/compress.yaml $(SHARED)

# What the runs of one seed are made of: $(1) is the seed. E and F learn from A of their seed, too.
define SEED
$(S)/d/s$(1)/compress/$(MADE): $(E)/compress.yaml $(S)/b/s$(1)/train/$(MADE)
	$(TLDRKIT) compress $(BASE) --as $(P)/d/s$(1)/compress --spec $(E)/compress.yaml --match $(P)/b/s$(1)/train $(SHARED)

$(S)/a/s$(1)/train/$(MADE): $(E)/train.yaml experiments/a.yaml $(BASE_MADE) $(GIVEN) | $(VENV)
	$(TLDRKIT) train $(BASE) --as $(P)/a/s$(1)/train --spec $(E)/train.yaml --spec experiments/a.yaml --seed $(1) $(SHARED)
$(S)/b/s$(1)/train/$(MADE): $(E)/train.yaml experiments/b.yaml $(S)/compress/$(MADE)
	$(TLDRKIT) train $(P)/compress --as $(P)/b/s$(1)/train --spec $(E)/train.yaml --spec experiments/b.yaml --seed $(1) $(SHARED)
$(S)/c/s$(1)/train/$(MADE): $(E)/train.yaml experiments/c.yaml $(S)/compress/$(MADE)
	$(TLDRKIT) train $(P)/compress --as $(P)/c/s$(1)/train --spec $(E)/train.yaml --spec experiments/c.yaml --seed $(1) $(SHARED)
$(S)/d/s$(1)/train/$(MADE): $(E)/train.yaml experiments/d.yaml $(S)/d/s$(1)/compress/$(MADE)
	$(TLDRKIT) train $(P)/d/s$(1)/compress --as $(P)/d/s$(1)/train --spec $(E)/train.yaml --spec experiments/d.yaml --seed $(1) $(SHARED)
$(S)/e/s$(1)/train/$(MADE): $(E)/train.yaml experiments/e.yaml $(S)/compress/$(MADE) $(S)/a/s$(1)/train/$(MADE)
	$(TLDRKIT) train $(P)/compress --as $(P)/e/s$(1)/train --teacher $(P)/a/s$(1)/train --spec $(E)/train.yaml --spec experiments/e.yaml --seed $(1) $(SHARED)
$(S)/f/s$(1)/train/$(MADE): $(E)/train.yaml experiments/f.yaml $(S)/compress/$(MADE) $(S)/a/s$(1)/train/$(MADE)
	$(TLDRKIT) train $(P)/compress --as $(P)/f/s$(1)/train --teacher $(P)/a/s$(1)/train --spec $(E)/train.yaml --spec experiments/f.yaml --seed $(1) $(SHARED)
$(S)/whole/s$(1)/train/$(MADE): $(E)/train.yaml experiments/a.yaml $(S)/whole/base/$(MADE)
	$(TLDRKIT) train $(P)/whole/base --as $(P)/whole/s$(1)/train --spec $(E)/train.yaml --spec experiments/a.yaml --experiment whole --seed $(1) $(SHARED)
endef
$(foreach seed,$(SEEDS),$(eval $(call SEED,$(seed))))

$(if $(filter-out a b c d e f,$(RUNS)),$(error RUNS are of a b c d e f, such as RUNS="a b c d e f"))
TRAINED := $(foreach run,$(RUNS) $(if $(filter yes,$(WHOLE)),whole),$(foreach seed,$(SEEDS),$(run)/s$(seed)))
SCORES  := $(TRAINED:%=$(P)/%/eval)
CLAIMS  := experiments/$(if $(filter e f,$(RUNS)),claims_taught,claims).yaml

# Scoring measures time, so it waits for all training and for the score before it: $(1) after $(2).
define SCORE
$(S)/$(1)/eval/$(MADE): $(E)/eval.yaml $(S)/$(1)/train/$(MADE) | $(TRAINED:%=$(S)/%/train/$(MADE)) $(2:%=$(S)/%/eval/$(MADE))
	$(TLDRKIT) eval $(P)/$(1)/train --as $(P)/$(1)/eval --spec $(E)/eval.yaml $(LOCAL)
endef
EARLIER :=
$(foreach run,$(TRAINED),$(eval $(call SCORE,$(run),$(EARLIER)))$(eval EARLIER := $(run)))

$(S)/compare/$(MADE): $(SCORES:%=$(ARTIFACTS)/%/$(MADE)) $(CLAIMS) $(S)/.settings
	@$(call QUIETLY,$(SCORES),,$(CLAIMS))

# Showing the comparison again freshens its pointer, so the summaries look at the scores behind it.
$(S)/summaries.jsonl: $(SCORES:%=$(ARTIFACTS)/%/$(MADE)) $(wildcard experiments/threads/*) $(S)/.settings | $(S)/compare/$(MADE)
	$(TLDRKIT) summarize experiments/threads --model $(P)/compare --out $@ --overwrite $(STORE)

include experiments/study/study.mk
include experiments/recipe.mk

## help: list the targets and variables
help:
	@sed -n 's/^## /  /p' $(MAKEFILE_LIST)
	@echo "  variables: PROFILE=$(PROFILE) SEEDS=\"$(SEEDS)\" RUNS=\"$(RUNS)\" DATA=$(DATA) DATASET=$(DATASET) WHOLE=$(WHOLE) ARTIFACTS=$(ARTIFACTS) MODEL=$(MODEL) JOBS=$(JOBS) THREADS=$(THREADS)"
	@echo "  profiles: $(notdir $(patsubst %/,%,$(dir $(wildcard experiments/*/train.yaml))))"
