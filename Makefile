# Tapir. One non-recursive makefile; everything it makes is in $(B).
#   make        build        make run    the white paper's lab, one failover, a report
#   make deps   packages     make test   unit, cli, sim and lab tests
B       ?= build
CC      ?= cc
CLANG   ?= clang
OPT     ?= -O2 -g
SAN     ?=
WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wpointer-arith -Werror
CPPFLAGS += -D_GNU_SOURCE -I. -I$(B)/gen
CFLAGS  += -std=c11 $(OPT) $(WARN) $(SAN) -fno-strict-aliasing
LDFLAGS += $(SAN)
LIBS    := -lcrypt -lreadline -lcli -lusrsctp -lcrypto -lpcap -lyaml -levent -lpthread -lm
V       ?= 0
Q       := $(if $(filter 1,$(V)),,@)

MODULE_SRC := $(wildcard modules/*.c modules/*/*.c)
PARSER_SRC := $(filter-out parser/gramc%.c,$(wildcard parser/*.c))
CLI_SRC    := $(wildcard cli/*.c)
GRAM       := $(sort $(wildcard grammar/*.gram))
GEN_H      := $(patsubst grammar/%.gram,$(B)/gen/%_cmd.h,$(GRAM))
GEN_C      := $(B)/gen/grammar.c
LIB_OBJ    := $(patsubst %.c,$(B)/%.o,$(MODULE_SRC) $(PARSER_SRC)) $(B)/gen/grammar.o
CLI_OBJ    := $(patsubst %.c,$(B)/%.o,$(CLI_SRC))
UNIT_SRC   := $(wildcard tests/unit/test_*.c)
UNIT_BIN   := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(UNIT_SRC))

.DEFAULT_GOAL := all
.PHONY: all clean deps run test
all: $(B)/tapir

$(B)/tapir: $(CLI_OBJ) $(LIB_OBJ)
	@echo "  LD    $@"
	$(Q)$(CC) $(LDFLAGS) -rdynamic -o $@ $^ $(LIBS)

$(B)/gramc: $(wildcard parser/gramc*.c parser/gramc*.h)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE -O1 -g $(WARN) -I. -o $@ $(filter %.c,$^)

# gramc writes all headers and the tables in one go.
$(B)/gen/.stamp: $(B)/gramc $(GRAM)
	@mkdir -p $(B)/gen
	@echo "  GRAMC $(words $(GRAM)) files"
	$(Q)$(B)/gramc -o $(B)/gen $(GRAM)
	@touch $@
$(GEN_H) $(GEN_C): $(B)/gen/.stamp ;

$(B)/gen/%.o: $(B)/gen/%.c
	@echo "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -Wno-missing-prototypes -MMD -MP -c -o $@ $<
$(B)/%.o: %.c | $(B)/gen/.stamp
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Unit tests: one criterion program a file, with everything but main() linked in. tests/unit/lib_*.c is shared.
UNIT_LIB := $(patsubst %.c,$(B)/%.o,$(wildcard tests/unit/lib_*.c) $(filter-out cli/main.c,$(CLI_SRC)))
$(B)/tests/unit/%: $(B)/tests/unit/%.o $(UNIT_LIB) $(LIB_OBJ)
	@echo "  LD    $@"
	$(Q)$(CC) $(LDFLAGS) -rdynamic -o $@ $^ $(LIBS) -lcriterion
.PRECIOUS: $(B)/tests/unit/%.o
unit: $(UNIT_BIN)

clean:
	rm -rf $(B)
-include $(shell find $(B) -name '*.d' 2>/dev/null)
