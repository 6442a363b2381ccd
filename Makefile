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
# Intel's multi-buffer crypto where its header is; make IPSEC_MB=0 builds without it (another B for that build).
IPSEC_MB ?= $(shell echo '\#include <intel-ipsec-mb.h>' | $(CC) -E -x c - >/dev/null 2>&1 && echo 1 || echo 0)
IPSEC_MB := $(IPSEC_MB)
LIBS    := $(if $(filter 1,$(IPSEC_MB)),-lIPSec_MB) -lcrypt -lreadline -lcli -lssh -lusrsctp -lcrypto -lpcap -lyaml -levent -lpthread -lm
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
.PHONY: all clean deps docs run test test-lab test-asan test-tsan threads test-interop fuzz fuzz-build replay bench soak unit
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

$(B)/modules/crypto/crypto_esp_mb.o: CPPFLAGS += $(if $(filter 1,$(IPSEC_MB)),-DTAPIR_IPSEC_MB)
$(B)/modules/crypto/crypto_esp_mb.o: $(B)/gen/.ipsec-mb-$(IPSEC_MB)
$(B)/gen/.ipsec-mb-$(IPSEC_MB): | $(B)/gen/.stamp
	@rm -f $(B)/gen/.ipsec-mb-*; touch $@

# Unit tests: one criterion program a file, with everything but main() linked in. tests/unit/lib_*.c is shared.
UNIT_LIB := $(patsubst %.c,$(B)/%.o,$(wildcard tests/unit/lib_*.c) $(filter-out cli/main.c,$(CLI_SRC)))
$(B)/tests/unit/%: $(B)/tests/unit/%.o $(UNIT_LIB) $(LIB_OBJ)
	@echo "  LD    $@"
	$(Q)$(CC) $(LDFLAGS) -rdynamic -o $@ $^ $(LIBS) -lcriterion
.PRECIOUS: $(B)/tests/unit/%.o
unit: $(UNIT_BIN)
replay: $(patsubst tests/fuzz/fuzz_%.c,$(B)/tests/fuzz/replay_%,$(wildcard tests/fuzz/fuzz_*.c))

# Debian names; on another system install what they hold. PACKAGES: building and labs. Of the others, what is missing and
# cannot be installed is skipped by name.
PACKAGES := gcc make libc6-dev libcrypt-dev libreadline-dev libcli-dev libssh-dev libusrsctp-dev libssl-dev libpcap-dev libyaml-dev libevent-dev \
            libcriterion-dev iproute2 iputils-ping
# Not on every architecture; without it OpenSSL does all of it.
SPEED_PACKAGES := libipsec-mb-dev
TEST_PACKAGES := binutils util-linux procps tcpdump tshark python3 python3-textfsm python3-scapy iputils-arping openssh-client
INTEROP_PACKAGES := python3-netmiko ansible openssh-client strongswan-charon strongswan-swanctl libcharon-extra-plugins libstrongswan-standard-plugins
BENCH_PACKAGES := iperf3 openssl python3 openvpn wireguard-go wireguard-tools procps util-linux $(INTEROP_PACKAGES)
define need
	@missing=; for p in $(1); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if ! command -v apt-get >/dev/null; then echo "install what these Debian packages hold:$$missing"; exit 0; fi; \
	if [ "$$(id -u)" != 0 ]; then echo "missing packages; run: sudo apt-get install -y$$missing"; exit 1; fi; \
	export DEBIAN_FRONTEND=noninteractive; apt-get update -q && apt-get install -y -q --no-install-recommends $$missing
endef
want = @($(subst @missing=,missing=,$(call need,$(1)))) || true
deps:
	$(call need,$(PACKAGES))
	$(call want,$(SPEED_PACKAGES))
	$(call want,$(TEST_PACKAGES))

# The white paper's lab on taps, one failover, a report. KEEP=1 leaves it up, PAPER_TIMERS=1 takes the paper's timers.
run: deps
	@$(MAKE) --no-print-directory all
	@B=$(B) examples/run

test: deps
	@$(MAKE) --no-print-directory all unit replay threads $(B)/tests/sim/soak $(B)/tests/lab/tapwire
	@tests/run $(B) lint unit fuzz thread cli sim lab

# Longer: the paper's timers, repeated failovers, the long simulated runs.
test-lab: deps
	@$(MAKE) --no-print-directory all $(B)/tests/sim/soak $(B)/tests/lab/tapwire
	@SCRIPT_TIMEOUT=3600 tests/run $(B) lab long

soak: deps
	@$(MAKE) --no-print-directory all $(B)/tests/sim/soak
	$(B)/tests/sim/soak --full

# Leaks do not fail a criterion test by themselves, nor does a report of a router in a lab: all reports are gathered, and
# any is a failure.
test-asan: deps
	@rm -rf build-asan/leaks; mkdir -p build-asan/leaks
	@$(MAKE) --no-print-directory B=build-asan OPT="-O1 -g" SAN="-fsanitize=address,undefined -fno-sanitize-recover=all" \
	    all unit replay threads build-asan/tests/sim/soak build-asan/tests/lab/tapwire
	@export LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lsan.supp:print_suppressions=0 UNIT_TIMEOUT=900 SCRIPT_TIMEOUT=1200; \
	ASAN_OPTIONS=log_path=$(CURDIR)/build-asan/leaks/report UBSAN_OPTIONS=print_stacktrace=1 tests/run build-asan unit fuzz thread cli sim lab; rc=$$?; \
	n=$$(ls build-asan/leaks | wc -l); if [ $$n != 0 ]; then head -n 60 build-asan/leaks/* >&2; echo "$$n sanitizer reports" >&2; exit 1; fi; exit $$rc

# What threads share, in plain programs under ThreadSanitizer: any report fails.
test-tsan: deps
	@$(MAKE) --no-print-directory B=build-tsan OPT="-O1 -g" SAN="-fsanitize=thread" threads
	@TSAN_OPTIONS=halt_on_error=1:exitcode=66 tests/run build-tsan thread

test-interop: deps
	$(call want,$(INTEROP_PACKAGES))
	@$(MAKE) --no-print-directory all
	@tests/run $(B) interop

$(B)/tests/sim/soak: $(B)/tests/sim/soak.o $(filter-out $(B)/cli/main.o,$(CLI_OBJ)) $(LIB_OBJ)
	@echo "  LD    $@"
	$(Q)$(CC) $(LDFLAGS) -rdynamic -o $@ $^ $(LIBS)

THREAD_BIN := $(patsubst tests/%.c,$(B)/tests/%,$(wildcard tests/thread/*.c))
threads: $(THREAD_BIN)
$(B)/tests/thread/%: $(B)/tests/thread/%.o $(LIB_OBJ)
	@echo "  LD    $@"
	$(Q)$(CC) $(LDFLAGS) -rdynamic -o $@ $^ $(LIBS)
.PRECIOUS: $(B)/tests/thread/%.o

# A wire between two taps, for lab tests and benches.
$(B)/tests/lab/tapwire: $(B)/tests/lab/tapwire.o $(LIB_OBJ)
	@echo "  LD    $@"
	$(Q)$(CC) $(LDFLAGS) -rdynamic -o $@ $^ $(LIBS)

# The acceptance table of speed, as ratios taken in one run; not zero when a floor is missed. LINES="1 4" runs some of it,
# ROUNDS=N with more or fewer rounds.
BENCH_BIN := $(patsubst %.c,$(B)/%,$(filter-out tests/bench/lib_%,$(wildcard tests/bench/*.c)))
bench: deps
	$(call want,$(BENCH_PACKAGES))
	@$(MAKE) --no-print-directory all $(BENCH_BIN)
	@B=$(B) BENCH_LINES="$(if $(filter command line,$(origin LINES)),$(LINES))" tests/bench/run
# The yardstick and the traffic are no part of the router; bench_router is one with SAs in it from the start.
$(B)/tests/bench/tap_copy $(B)/tests/bench/udp_load: $(B)/tests/bench/%: $(B)/tests/bench/%.o
	@echo "  LD    $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^
$(B)/tests/bench/bench_router: LDFLAGS += -Wl,--wrap=instance_power_on
$(B)/tests/bench/%: $(B)/tests/bench/%.o $(B)/tests/bench/lib_many.o $(LIB_OBJ) $(filter-out $(B)/cli/main.o,$(CLI_OBJ))
	@echo "  LD    $@"
	$(Q)$(CC) $(LDFLAGS) -rdynamic -o $@ $^ $(LIBS)
.PRECIOUS: $(B)/tests/bench/%.o

# libFuzzer, each target for TIME seconds from the seeds in tests/fuzz/corpus; what it finds new stays in the build. The
# same targets without libFuzzer replay the seeds in `make test`.
TIME ?= 60
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_BIN := $(FUZZ_SRC:%.c=$(B)/%)
fuzz: deps
	$(call need,clang)
	@$(MAKE) --no-print-directory B=build-fuzz "CC=$(CLANG)" OPT="-O1 -g" \
	    SAN="-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all" fuzz-build
	@tests/fuzz/run build-fuzz $(TIME)
fuzz-build: $(FUZZ_BIN)
# One target is the grammar compiler itself.
GRAMC_OBJ := $(patsubst %.c,$(B)/%.o,$(filter-out parser/gramc_main.c,$(wildcard parser/gramc*.c)))
$(B)/tests/fuzz/fuzz_gramc $(B)/tests/fuzz/replay_gramc: $(GRAMC_OBJ)
$(B)/tests/fuzz/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(UNIT_LIB) $(LIB_OBJ)
	@echo "  LD    $@"
	$(Q)$(CC) $(LDFLAGS) -fsanitize=fuzzer -rdynamic -o $@ $^ $(LIBS) -lcriterion
$(B)/tests/fuzz/replay_%: $(B)/tests/fuzz/replay.o $(B)/tests/fuzz/fuzz_%.o $(UNIT_LIB) $(LIB_OBJ)
	@echo "  LD    $@"
	$(Q)$(CC) $(LDFLAGS) -rdynamic -o $@ $^ $(LIBS) -lcriterion
.PRECIOUS: $(B)/tests/fuzz/%.o

# The command reference, from the grammar.
docs: $(B)/gramc $(GRAM)
	@mkdir -p $(B)/docs
	@$(B)/gramc -d $(B)/docs $(GRAM)
	@echo "$(B)/docs/README.md"

clean:
	rm -rf $(B)
-include $(shell find $(B) -name '*.d' 2>/dev/null)
