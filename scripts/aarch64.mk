# The C parts for AArch64 by Debian's cross compiler, for the tests under qemu-user. The symbolizer is not among
# them: its libraries would have to come from another architecture's Debian.

AARCH64_CC    := aarch64-linux-gnu-gcc
AARCH64_OF     = $(patsubst %.c,build/aarch64/obj/%.o,$(1))
AARCH64_PARTS := build/aarch64/libmemtrace.so build/aarch64/libmemtrace-core.so build/aarch64/memtrace

build/aarch64/obj/shim/%.o: EXTRA := $(SHIM_FLAGS)
build/aarch64/obj/daemon/native/core/%.o: EXTRA := $(CORE_FLAGS)
build/aarch64/obj/%.o: %.c | build/.slow-deps
	@mkdir -p $(@D)
	$(AARCH64_CC) $(WARN) $(CFLAGS) $(EXTRA) $(DEPFLAGS) -I. -c $< -o $@

build/aarch64/libmemtrace.so: $(call AARCH64_OF,$(call shim_for,aarch64)) shim/exports.map
	$(AARCH64_CC) -shared $(CFLAGS) -o $@ $(filter %.o,$^) $(SHIM_LINK)
build/aarch64/libmemtrace-core.so: $(call AARCH64_OF,$(CORE_SRC))
	$(AARCH64_CC) -shared $(CFLAGS) -o $@ $^ -pthread
build/aarch64/memtrace: $(call AARCH64_OF,$(LAUNCHER_SRC))
	$(AARCH64_CC) $(CFLAGS) -o $@ $^

aarch64: $(AARCH64_PARTS) ## the C parts for AArch64, by Debian's cross compiler

aarch64-if-possible: build/.slow-deps
	if command -v $(AARCH64_CC) >/dev/null; then $(MAKE) aarch64; fi

-include $(shell find build/aarch64 -name '*.d' 2>/dev/null)

.PHONY: aarch64 aarch64-if-possible
