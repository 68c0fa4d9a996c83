# Tests of the shim's tables: test/tables/NAME.c -> build/tables/threaded/NAME, linked with the shim's own sources but for
# what replaces functions of the program, under the thread sanitizer; build/tables/sanitized/NAME is the same under the
# address and undefined-behaviour sanitizers.

TABLES_HELPERS  := test/tables/process.c test/tables/together.c
TABLES_TESTS    := $(filter-out $(TABLES_HELPERS),$(wildcard test/tables/*.c))
TABLES_SOURCES  := $(TABLES_HELPERS) $(filter-out shim/interpose/% shim/real.c,$(SHIM_SRC))
TABLES_HEADERS  := $(wildcard test/tables/*.h shim/*.h shim/*/*.h proto/*.h)
TABLES_PROGRAMS := $(foreach kind,threaded sanitized,$(patsubst test/tables/%.c,build/tables/$(kind)/%,$(TABLES_TESTS)))
TABLES_FLAGS    := -std=gnu11 -Wall -Wextra -Werror -I. -pthread -O1 -g -fno-omit-frame-pointer

programs: $(TABLES_PROGRAMS)

# -Wno-tsan: it does not know fences, which order this process against others only.
build/tables/threaded/%: SANITIZE := -Wno-tsan -fsanitize=thread
build/tables/sanitized/%: SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all

define TABLES_RULES
build/tables/$(1)/obj/%.o: %.c $$(TABLES_HEADERS) | build/.test-deps
	@mkdir -p $$(@D)
	$$(CC) $$(TABLES_FLAGS) $$(SANITIZE) -c $$< -o $$@
build/tables/$(1)/%: build/tables/$(1)/obj/test/tables/%.o $$(patsubst %.c,build/tables/$(1)/obj/%.o,$$(TABLES_SOURCES))
	$$(CC) $$(TABLES_FLAGS) $$(SANITIZE) $$^ -o $$@ $$(LINK)
build/tables/$(1)/growth: LINK := -Wl,--wrap=os_wait,--wrap=os_map_private
build/tables/$(1)/fill: LINK := -Wl,--wrap=os_wait
build/tables/$(1)/last_words: LINK := -Wl,--wrap=os_thread_lives
endef
$(foreach kind,threaded sanitized,$(eval $(call TABLES_RULES,$(kind))))
