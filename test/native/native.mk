# Tests of the drain core: test/native/NAME.c -> build/native/NAME, linked with the core's own objects.
# build/native/sanitized/NAME is the same under the address and undefined-behaviour sanitizers, build/native/threaded/NAME
# under the thread sanitizer, for those that have threads.

NATIVE_HELPER   := test/native/writer.c
NATIVE_TESTS    := $(filter-out $(NATIVE_HELPER),$(wildcard test/native/*.c))
NATIVE_HEADERS  := $(wildcard test/native/*.h test/native/order/*.h daemon/native/core/*.h proto/*.h)
NATIVE_SOURCES  := $(NATIVE_HELPER) $(wildcard daemon/native/core/*.c)
NATIVE_ORDER    := $(wildcard test/native/order/*.c)
NATIVE_PROGRAMS := $(patsubst test/native/%.c,build/native/%,$(NATIVE_TESTS))
NATIVE_FLAGS    := -std=gnu11 -Wall -Wextra -Werror -I. -pthread

NATIVE_THREADED := build/native/threaded/asking
# The order of events again, where cells have room for 4 sites and 4 other pairs of site and thread only.
NATIVE_CROWDED  := build/native/sanitized/crowded

programs: $(NATIVE_THREADED) $(NATIVE_CROWDED) $(NATIVE_PROGRAMS) $(patsubst build/native/%,build/native/sanitized/%,$(NATIVE_PROGRAMS))

NATIVE_plain     := -O2 -g -fno-tree-slp-vectorize
NATIVE_sanitized := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all
NATIVE_crowded   := $(NATIVE_sanitized) -DOWNER_BITS=3
# -Wno-tsan: it does not know fences, which order this process against others only.
NATIVE_threaded  := -O1 -g -fsanitize=thread -Wno-tsan

native_objects = $(patsubst %.c,build/native/obj/$(1)/%.o,$(2))

define NATIVE_RULES
build/native/obj/$(1)/%.o: %.c $$(NATIVE_HEADERS) | build/.deps
	@mkdir -p $$(@D)
	$$(CC) $$(NATIVE_FLAGS) $$(NATIVE_$(1)) -c $$< -o $$@
endef
$(foreach kind,plain sanitized crowded threaded,$(eval $(call NATIVE_RULES,$(kind))))

build/native/%: build/native/obj/plain/test/native/%.o $(call native_objects,plain,$(NATIVE_HELPER)) $(call objects,$(CORE_SRC))
	$(CC) $(NATIVE_FLAGS) $(NATIVE_plain) $^ -o $@
build/native/sanitized/%: build/native/obj/sanitized/test/native/%.o $(call native_objects,sanitized,$(NATIVE_SOURCES))
	@mkdir -p $(@D)
	$(CC) $(NATIVE_FLAGS) $(NATIVE_sanitized) $^ -o $@
build/native/threaded/%: build/native/obj/threaded/test/native/%.o $(call native_objects,threaded,$(NATIVE_SOURCES))
	@mkdir -p $(@D)
	$(CC) $(NATIVE_FLAGS) $(NATIVE_threaded) $^ -o $@

build/native/order: $(call native_objects,plain,$(NATIVE_ORDER))
build/native/sanitized/order: $(call native_objects,sanitized,$(NATIVE_ORDER))
$(NATIVE_CROWDED): $(call native_objects,crowded,test/native/order.c $(NATIVE_ORDER) $(NATIVE_SOURCES))
	@mkdir -p $(@D)
	$(CC) $(NATIVE_FLAGS) $(NATIVE_crowded) $^ -o $@
