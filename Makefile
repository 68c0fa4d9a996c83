# memtrace: `make help` lists what can be made.
#
# Native parts go to build/ (and the launcher to bin/memtrace), TypeScript to dist/.

CFLAGS   ?= -O2 -g
WARN     := -std=c11 -Wall -Wextra -Werror
DEPFLAGS  = -MMD -MP
PREFIX   ?= /usr/local

ARCHITECTURES  := x86_64 aarch64
ARCHITECTURE   := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
shim_for        = $(filter-out $(patsubst %,shim/unwind/%.c,$(filter-out $(1),$(ARCHITECTURES))),$(shell find shim -name '*.c'))
SHIM_SRC       := $(call shim_for,$(ARCHITECTURE))
CORE_SRC       := $(wildcard daemon/native/core/*.c)
SYMBOLIZER_SRC := $(wildcard daemon/native/symbolizer/*.c)
LAUNCHER_SRC   := $(wildcard cli/launcher/*.c) shim/inspect.c shim/inspect_elf.c
TS_SRC         := $(shell find proto views daemon tui cli test bench -name '*.ts' -not -path 'proto/generated/*')
# Not the traced programs: their line numbers are what the tests know of them.
C_FILES         = $(shell git ls-files --cached --others --exclude-standard '*.c' '*.h' '*.cpp' ':!test/programs' | xargs -r ls 2>/dev/null)

SHIM       := build/libmemtrace.so
CORE       := build/libmemtrace-core.so
SYMBOLIZER := build/memtrace-symbolizer
LAUNCHER   := bin/memtrace
LAYOUT     := proto/generated/layout.ts

all: native dist/.built dist/memtrace.cache ## build everything
native: $(SHIM) $(CORE) $(SYMBOLIZER) $(LAUNCHER) ## build the C parts only

# Objects on the way to several programs are kept.
.SECONDARY:

# build/.sources is newer than what was built once the list of sources has changed: what was built from a file that
# is gone goes away.
SOURCES := $(sort $(SHIM_SRC) $(CORE_SRC) $(SYMBOLIZER_SRC) $(LAUNCHER_SRC) $(TS_SRC))
ifneq ($(SOURCES),$(shell cat build/.sources 2>/dev/null))
$(shell mkdir -p build && echo '$(SOURCES)' > build/.sources)
endif

objects = $(patsubst %.c,build/obj/%.o,$(1))

# The shim runs inside malloc: no stack protector (TLS reads before TLS exists), frame pointers in the hooks
# so that the caller's registers are found without unwinding our own frame, and no vector registers, whose
# instructions want a stack that is aligned: malloc itself bears one that is not.
SHIM_FLAGS := -fPIC -fvisibility=hidden -fno-omit-frame-pointer -fno-stack-protector -ftls-model=initial-exec \
	-mgeneral-regs-only -fno-builtin-malloc -fno-builtin-calloc -fno-builtin-realloc -fno-builtin-free
SHIM_LINK := -Wl,--version-script=shim/exports.map -Wl,-z,now -Wl,-z,nodelete -Wl,-soname,libmemtrace.so
build/obj/shim/%.o: EXTRA := $(SHIM_FLAGS)
# Neither may write two counters as one vector: it waits for the stores that made them one by one.
CORE_FLAGS := -fPIC -fvisibility=hidden -fno-tree-slp-vectorize
build/obj/daemon/native/core/%.o: EXTRA := $(CORE_FLAGS)

build/obj/%.o: %.c Makefile | build/.deps
	@mkdir -p $(@D)
	$(CC) $(WARN) $(CFLAGS) $(EXTRA) $(DEPFLAGS) -I. -c $< -o $@

$(SHIM) $(CORE) $(SYMBOLIZER) $(LAUNCHER): build/.sources
$(SHIM): $(call objects,$(SHIM_SRC)) shim/exports.map
	$(CC) -shared $(CFLAGS) -o $@ $(filter %.o,$^) $(SHIM_LINK)
$(CORE): $(call objects,$(CORE_SRC))
	$(CC) -shared $(CFLAGS) -o $@ $(filter %.o,$^) -pthread
$(SYMBOLIZER): $(call objects,$(SYMBOLIZER_SRC))
	$(CC) $(CFLAGS) -o $@ $(filter %.o,$^) -ldw -lelf -liberty
$(LAUNCHER): $(call objects,$(LAUNCHER_SRC))
	@mkdir -p bin
	$(CC) $(CFLAGS) -o $@ $(filter %.o,$^)

-include $(shell find build/obj -name '*.d' 2>/dev/null)

# The TypeScript mirror of the C layout is printed by a program compiled from the headers themselves.
$(LAYOUT): proto/generate.c $(wildcard proto/*.h) | build/.deps
	@mkdir -p build proto/generated
	$(CC) $(WARN) -I. proto/generate.c -o build/generate-layout
	./build/generate-layout > $@.tmp && mv $@.tmp $@

dist/.built: $(TS_SRC) $(LAYOUT) tsconfig.json scripts/bundle.js node_modules/.installed build/.sources
	npx tsc -p tsconfig.json
	sh scripts/prune-dist.sh
	node scripts/bundle.js
	@touch $@

dist/memtrace.cache: dist/.built $(LAUNCHER) scripts/code-cache.sh scripts/write-code-cache.cjs | $(SHIM) $(CORE) $(SYMBOLIZER)
	sh scripts/code-cache.sh

# With build/.deps first: that is where a missing or too old Node.js is told.
node_modules/.installed: package.json $(wildcard package-lock.json) | build/.deps
	npm install --no-audit --no-fund --loglevel=error
	@touch $@

# One after the other: two of them at once would fight for dpkg's lock.
# The first one asks for all that the goal needs, so that there is one line to run where it must not install.
build/.deps: scripts/install-deps.sh
	@mkdir -p build
	sh scripts/install-deps.sh build $(if $(filter test% lint format bench,$(MAKECMDGOALS)),test) $(filter demo,$(MAKECMDGOALS))
	@touch $@
build/.demo-deps: scripts/install-deps.sh | build/.deps
	sh scripts/install-deps.sh demo
	@touch $@
build/.test-deps: scripts/install-deps.sh | build/.deps
	sh scripts/install-deps.sh test
	@touch $@
build/.slow-deps: scripts/install-deps.sh | build/.test-deps
	sh scripts/install-deps.sh slow
	@touch $@
build/.bench-deps: scripts/install-deps.sh | build/.test-deps
	sh scripts/install-deps.sh bench
	@touch $@

include test/programs/programs.mk
include scripts/aarch64.mk
-include test/native/native.mk
-include test/tables/tables.mk
-include fuzz/fuzz.mk
$(PROGRAMS) $(NATIVE_PROGRAMS) $(patsubst build/native/%,build/native/sanitized/%,$(NATIVE_PROGRAMS)): | build/.test-deps

build/examples/%: examples/%.cpp | build/.demo-deps
	@mkdir -p $(@D)
	$(CXX) -O1 -g $< -o $@

test: all build/.test-deps programs build/examples/leaky-cache ## install what is needed, build, pass every test (TESTS='test/views/*.test.ts' for some)
	node scripts/test.js $(TESTS)
test-all: export MEMTRACE_SLOW = 1
test-all: export TEST_SILENCE_MS = 1800000
test-all: build/.slow-deps aarch64-if-possible test ## everything, also what is too slow for CI
	node dist/test/unwind/millions.js 5
bench: all build/.bench-deps programs ## wall, CPU and memory beside the bare program and peers
	node dist/bench/main.js
	node dist/bench/python.js
	node dist/bench/tree.js
	node dist/bench/tui.js
demo: all build/examples/leaky-cache ## trace a leaking example and a Debian program, ending in their reports
	sh examples/demo.sh
lint: node_modules/.installed $(LAYOUT) build/.test-deps ## formatters and linters of both languages, without changing anything
	npx biome check .
	clang-format --dry-run --Werror $(C_FILES)
	npx tsc -p tsconfig.json --noEmit
format: node_modules/.installed build/.test-deps ## format both languages in place
	npx biome check --write .
	clang-format -i $(C_FILES)

install: all ## install below PREFIX (default /usr/local)
	sh scripts/install.sh install "$(DESTDIR)$(PREFIX)"
uninstall: ## remove what install put below PREFIX
	sh scripts/install.sh uninstall "$(DESTDIR)$(PREFIX)"

clean: ## remove everything that was built
	rm -rf build dist proto/generated bin/memtrace

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.PHONY: all native test test-all bench demo lint format install uninstall clean help programs
.DELETE_ON_ERROR:
