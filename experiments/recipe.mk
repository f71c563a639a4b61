# The recipe that keeps quality on real text (docs/measurements/results.md): the base with its whole vocabulary, a teacher
# of fewer tokens, E of fewer decoder layers, taught by it with SEEDS; and one comparison. Of a profile with a folder recipe/.

Q := $(S)/recipe
TAUGHT := $(SEEDS:%=$(P)/recipe/s%)
RECIPE := $(P)/recipe/base-eval $(TAUGHT:%=%/eval)

## recipe: of PROFILE=minilm, make the smaller network that keeps its base's quality, and compare the two
.PHONY: recipe
recipe: $(if $(wildcard $(E)/recipe),$(Q)/compare/$(MADE),no-recipe)
	@$(call SHOWN,$(RECIPE),/recipe,$(E)/recipe/questions.yaml)
	@echo "Table: $(Q)/comparison.md   Page: $(Q)/comparison.html"
.PHONY: no-recipe
no-recipe:
	$(error make recipe is for a profile with a folder recipe/, such as minilm)

$(Q)/base-eval/$(MADE): $(E)/eval.yaml $(S)/whole/base/$(MADE)
	$(TLDRKIT) eval $(P)/whole/base --as $(P)/recipe/base-eval --spec $(E)/eval.yaml $(SHARED)
$(Q)/teacher/$(MADE): $(E)/recipe/teacher.yaml $(S)/whole/base/$(MADE)
	$(TLDRKIT) compress $(P)/whole/base --as $(P)/recipe/teacher --spec $(E)/recipe/teacher.yaml $(SHARED)
$(Q)/compress/$(MADE): $(E)/recipe/compress.yaml $(Q)/teacher/$(MADE)
	$(TLDRKIT) compress $(P)/recipe/teacher --as $(P)/recipe/compress --spec $(E)/recipe/compress.yaml $(SHARED)

# One seed: $(1).
define TAUGHT_SEED
$(Q)/s$(1)/train/$(MADE): $(E)/train.yaml experiments/e.yaml $(Q)/compress/$(MADE)
	$(TLDRKIT) train $(P)/recipe/compress --as $(P)/recipe/s$(1)/train --teacher $(P)/recipe/teacher --spec $(E)/train.yaml --spec experiments/e.yaml --seed $(1) $(SHARED)
endef
$(foreach seed,$(SEEDS),$(eval $(call TAUGHT_SEED,$(seed))))
$(foreach run,$(TAUGHT),$(eval $(call SCORED,$(run))))

$(Q)/compare/$(MADE): $(RECIPE:%=$(ARTIFACTS)/%/$(MADE)) $(E)/recipe/questions.yaml
	@$(call QUIETLY,$(RECIPE),/recipe,$(E)/recipe/questions.yaml)
