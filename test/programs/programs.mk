# Traced programs with known ground truth: test/programs/NAME.c(pp) -> build/programs/NAME.
# A program that needs other flags names them here; -O1 -g keeps one line per call.

PROGRAM_C   := $(wildcard test/programs/*.c)
PROGRAM_CXX := $(wildcard test/programs/*.cpp)
PROGRAMS    := $(patsubst test/programs/%.c,build/programs/%,$(PROGRAM_C)) \
               $(patsubst test/programs/%.cpp,build/programs/%,$(PROGRAM_CXX))

PRELOADS    := build/programs/libcount.so build/programs/libtally.so

programs: $(PROGRAMS) $(PRELOADS) ## build the traced test programs

build/programs/%: test/programs/%.c | build/.deps
	@mkdir -p $(@D)
	$(CC) -O1 -g -fno-builtin $< -o $@ -pthread -ldl
build/programs/%: test/programs/%.cpp | build/.deps
	@mkdir -p $(@D)
	$(CXX) -O1 -g $< -o $@ -pthread -ldl
$(PRELOADS): build/programs/%.so: test/programs/preload/%.c | build/.deps
	@mkdir -p $(@D)
	$(CC) -O2 -fPIC -shared $< -o $@
