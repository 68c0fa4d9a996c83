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

build/native/order build/native/sanitized/order: $(NATIVE_ORDER)
build/native/order build/native/sanitized/order: PARTS := $(NATIVE_ORDER)

$(NATIVE_CROWDED): test/native/order.c $(NATIVE_ORDER) $(NATIVE_SOURCES) $(NATIVE_HEADERS) | build/.deps
	@mkdir -p $(@D)
	$(CC) $(NATIVE_FLAGS) -DOWNER_BITS=3 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
		$< $(NATIVE_ORDER) $(NATIVE_SOURCES) -o $@

build/native/%: test/native/%.c $(NATIVE_SOURCES) $(NATIVE_HEADERS) | build/.deps
	@mkdir -p $(@D)
	$(CC) $(NATIVE_FLAGS) -O2 -g -fno-tree-slp-vectorize $< $(PARTS) $(NATIVE_SOURCES) -o $@
build/native/sanitized/%: test/native/%.c $(NATIVE_SOURCES) $(NATIVE_HEADERS) | build/.deps
	@mkdir -p $(@D)
	$(CC) $(NATIVE_FLAGS) -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all $< $(PARTS) $(NATIVE_SOURCES) -o $@
# -Wno-tsan: it does not know fences, which order this process against others only.
build/native/threaded/%: test/native/%.c $(NATIVE_SOURCES) $(NATIVE_HEADERS) | build/.deps
	@mkdir -p $(@D)
	$(CC) $(NATIVE_FLAGS) -Wno-tsan -O1 -g -fsanitize=thread $< $(NATIVE_SOURCES) -o $@
