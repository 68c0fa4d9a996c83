# A small project: four files, linked.
OBJECTS := $(patsubst %,$(OUT)/%.o,ring nodes modules stacks)
$(OUT)/all: $(OBJECTS)
	ld -r $(OBJECTS) -o $@ && rm -f $(OBJECTS) $@
$(OUT)/%.o: shim/%.c
	$(CC) -I. -O0 -c $< -o $@
