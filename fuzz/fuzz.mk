# Fuzz targets: fuzz/NAME.c -> build/fuzz/NAME, by clang with its libFuzzer and sanitizers; seeds in fuzz/corpus/NAME.

FUZZ_TARGETS := build/fuzz/segment build/fuzz/unwind
FUZZ_SECONDS ?= 600
FUZZ_FLAGS   := -std=gnu11 -g -O1 -I. -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -pthread

build/fuzz/segment: fuzz/segment.c test/native/writer.c $(wildcard daemon/native/core/*.[ch] proto/*.h) | build/.test-deps
	@mkdir -p $(@D)
	clang $(FUZZ_FLAGS) fuzz/segment.c test/native/writer.c $(wildcard daemon/native/core/*.c) -o $@
build/fuzz/unwind: fuzz/unwind.c $(wildcard shim/unwind/*.[ch] shim/platform/*.h) | build/.test-deps
	@mkdir -p $(@D)
	clang $(FUZZ_FLAGS) fuzz/unwind.c $(filter shim/unwind/%,$(SHIM_SRC)) shim/platform/linux/os.c -o $@

fuzz: $(FUZZ_TARGETS) ## long fuzzing of what reads foreign memory (FUZZ_SECONDS=600 for each)
	set -e; for each in $(notdir $(FUZZ_TARGETS)); do \
	    mkdir -p build/fuzz/found/$$each; \
	    build/fuzz/$$each -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=build/fuzz/ -print_final_stats=1 \
	        build/fuzz/found/$$each fuzz/corpus/$$each; \
	done
.PHONY: fuzz
