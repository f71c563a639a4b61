# The study of docs/measurements/study.md: of every cell and seed B, and D of B's final size; then one comparison.
# A profile takes part that has a folder here, which says what half of its base is and how runs are trained.

CELLS       ?= linear-fixed linear-plateau block-fixed block-plateau
STUDY_SEEDS ?= 0 1 2 3 4 5 6 7
BEST        ?=

# It starts from the teacher of the recipe where a profile has one, else from the profile's base.
START := $(if $(wildcard $(E)/recipe),$(P)/recipe/teacher,$(BASE))
START_MADE := $(if $(wildcard $(E)/recipe),$(S)/recipe/teacher/$(MADE),$(BASE_MADE))
Y := experiments/study
T := $(S)/study
ASKED := $(Y)/questions$(if $(BEST),-best).yaml
$(if $(filter-out linear-fixed linear-plateau block-fixed block-plateau,$(CELLS) $(BEST)),$(error CELLS and BEST are of linear-fixed linear-plateau block-fixed block-plateau))

## study: train B and D of CELLS with STUDY_SEEDS, and two and three dendrites in BEST, and compare them
.PHONY: study
study: $(T)/compare/$(MADE)
	@$(call SHOWN,$(STUDIED),/study,$(ASKED))
	@echo "Table: $(T)/comparison.md   Page: $(T)/comparison.html"

$(T)/compress/$(MADE): $(E)/compress.yaml $(Y)/$(P)/compress.yaml $(START_MADE) $(GIVEN) | $(VENV)
	$(TLDRKIT) compress $(START) --as $(P)/study/compress --spec $(E)/compress.yaml --spec $(Y)/$(P)/compress.yaml $(SHARED)

# One seed of one cell: $(1) is where it lies, $(2) its files, $(3) the seed, $(4) what its labels end with, $(5) the seed
# before. It waits for that seed's D, since make would begin every B before the first D.
define CELL
$(T)/$(1)/b/s$(3)/train/$(MADE): $(E)/train.yaml $(Y)/$(P)/train.yaml $(2) $(T)/compress/$(MADE) | $(5:%=$(T)/$(1)/d/s%/train/$(MADE))
	$(TLDRKIT) train $(P)/study/compress --as $(P)/study/$(1)/b/s$(3)/train $(patsubst %,--spec %,$(E)/train.yaml $(Y)/$(P)/train.yaml $(2)) --do-pb --experiment "B $(4)" --seed $(3) $(SHARED)
$(T)/$(1)/d/s$(3)/compress/$(MADE): $(E)/compress.yaml $(Y)/$(P)/compress.yaml $(T)/$(1)/b/s$(3)/train/$(MADE)
	$(TLDRKIT) compress $(START) --as $(P)/study/$(1)/d/s$(3)/compress --spec $(E)/compress.yaml --spec $(Y)/$(P)/compress.yaml --match $(P)/study/$(1)/b/s$(3)/train $(SHARED)
$(T)/$(1)/d/s$(3)/train/$(MADE): $(E)/train.yaml $(Y)/$(P)/train.yaml $(2) $(T)/$(1)/d/s$(3)/compress/$(MADE)
	$(TLDRKIT) train $(P)/study/$(1)/d/s$(3)/compress --as $(P)/study/$(1)/d/s$(3)/train $(patsubst %,--spec %,$(E)/train.yaml $(Y)/$(P)/train.yaml $(2)) --experiment "D $(4)" --seed $(3) $(SHARED)
STUDIED += $(P)/study/$(1)/b/s$(3)/eval $(P)/study/$(1)/d/s$(3)/eval
endef
STUDIED :=
# Seed by seed, so that what is done by some time says as much of every cell.
BEFORE :=
$(foreach seed,$(STUDY_SEEDS),$(foreach cell,$(CELLS),$(eval $(call CELL,$(cell),$(Y)/cells/$(cell).yaml,$(seed),$(cell),$(BEFORE))))$(eval BEFORE := $(seed)))
BEFORE :=
$(foreach seed,$(STUDY_SEEDS),$(foreach more,$(if $(BEST),two three),$(eval $(call CELL,$(BEST)-$(more),$(Y)/cells/$(BEST).yaml $(Y)/cells/$(more).yaml,$(seed),$(more),$(BEFORE))))$(eval BEFORE := $(seed)))

$(foreach run,$(STUDIED:%/eval=%),$(eval $(call SCORED,$(run))))

$(T)/compare/$(MADE): $(STUDIED:%=$(ARTIFACTS)/%/$(MADE)) $(ASKED)
	@$(call QUIETLY,$(STUDIED),/study,$(ASKED))
