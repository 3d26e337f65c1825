# SPDX-License-Identifier: Apache-2.0
# One library, one program for each folder in cmd/, one test program for each
# tests/unit/*/*_test.c, one fuzzer for each tests/fuzz/*_fuzz.c. Adding a
# file needs no change here. `make help` says what each target does.

PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= cc
AR      ?= ar
CFLAGS  ?= -O2 -g
# C++ is for those who use the library: tests only. clang's for clang.
ifeq ($(origin CXX),default)
CXX     := $(if $(findstring clang,$(CC)),$(subst clang,clang++,$(CC)),c++)
endif
CXXFLAGS ?= $(CFLAGS)
VERSION := 0.1.0

empty :=
comma := ,
# Each sanitizer has its own tree, so objects never mix. BUILD names another
# tree (a second compiler, say).
BUILD ?= build
B     := $(BUILD)$(if $(SAN),-$(subst $(comma),-,$(SAN)))

Q      = $(if $(V),,@)
say    = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2))

QT_CPPFLAGS := -D_GNU_SOURCE -Iinclude -DQT_VERSION='"$(VERSION)"' \
	-DQT_PREFIX='"$(PREFIX)"' -MMD -MP
QT_CFLAGS   := -std=c11 -fPIC -Wall -Wextra -Wpedantic -Wshadow \
	-Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings \
	-Wpointer-arith -Wvla -fno-common -fno-omit-frame-pointer \
	-fno-semantic-interposition
QT_CXXFLAGS := -std=c++17 -fPIC -Wall -Wextra -Wpedantic -Wshadow \
	-fno-omit-frame-pointer
QT_LDFLAGS  := -pthread -Wl,--as-needed
ifneq ($(SAN),)
QT_CFLAGS   += -fsanitize=$(SAN) -fno-sanitize-recover=all
QT_CXXFLAGS += -fsanitize=$(SAN) -fno-sanitize-recover=all
QT_LDFLAGS  += -fsanitize=$(SAN)
endif
ifneq ($(WERROR),)
QT_CFLAGS   += -Werror
QT_CXXFLAGS += -Werror
endif

# The archive of the first of these names, where there is one; else the shared
# library of the last. A command that is typed all day should not have to find
# and map libraries that only its long-lived verbs call.
STATIC ?= 1
archive = $(firstword $(if $(SAN),,$(if $(filter 1,$(STATIC)),$(filter /%,\
	$(foreach n,$(1),$(shell $(CC) -print-file-name=lib$(n).a))))) \
	-l$(lastword $(1)))

# Libraries by program; each is linked only where it is used.
LIBS_qtd        := -lwebsockets -luv -lssl -lcrypto -lcrypt -ljansson -lseccomp -lz
LIBS_qt-session := $(call archive,uv_a uv) $(call archive,vterm) \
	$(call archive,utf8proc) -lz
LIBS_qt-shm     := $(call archive,z)
# Every qt-hist is one, too.
LIBS_qt-hist    := $(call archive,sodium) $(call archive,pcre2-8) \
	$(call archive,jansson) $(call archive,sqlite3) $(call archive,utf8proc) \
	$(call archive,z) -lm
# Every qt-map is a process of its own: linked statically where all of it can be.
ARCHIVES_qt-map := $(call archive,jansson) $(call archive,z)
LIBS_qt-map     := $(ARCHIVES_qt-map) $(if $(filter -l%,$(ARCHIVES_qt-map) \
	$(call archive,c)),,-static)
LIBS_hist       := -lsodium -lpcre2-8 -lsqlite3
LIBS_qt-bench   := -luv -lvterm -lutf8proc -lz -lm $(LIBS_hist)
LIBS_qt         := $(sort $(LIBS_qtd) $(LIBS_qt-bench) $(LIBS_hist)) -pthread
LIBS_test       := -lcmocka $(LIBS_qtd) $(LIBS_hist) -lvterm -lutf8proc -lm

LIB   := $(B)/libcommon.a
SOLIB := $(B)/libqt.so
SONAME := libqt.so.0
PROGS := $(patsubst cmd/%/main.c,%,$(wildcard cmd/*/main.c))
UNITS := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/*/*_test.c))
UNITS_CXX := $(patsubst %.cc,$(B)/%,$(wildcard tests/unit/*/*_test.cc))
BENCH := $(patsubst %.c,$(B)/%,$(wildcard bench/*_bench.c))
CRASH := $(patsubst %.c,$(B)/%,$(wildcard tests/crash/*_crash.c))
FUZZ  := $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/*_fuzz.c))
TOOLS := $(patsubst %.c,$(B)/%,$(wildcard tests/*/tools/*.c))
SRCS  := $(wildcard libcommon/*/*.c cmd/*/*.c tests/unit/*.c tests/unit/*/*.c \
	tests/*/tools/*.c tests/crash/*.c tests/fuzz/*.c bench/*.c bench/*/*.c)
SRCS_CXX := $(wildcard tests/unit/*/*.cc bench/*/*.cc)

objs   = $(patsubst %.c,$(B)/%.o,$(wildcard $(1)))
LINK   = $(CC) $(QT_CFLAGS) $(CFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(QT_LDFLAGS) $(LDFLAGS)

.PHONY: FORCE install uninstall all help units crashers tools compile fuzz-all fuzzers page deps run check \
	lint soak bench bench-peers clean check-fresh
.DELETE_ON_ERROR:
.SECONDARY:

# What bash loads, so that a prompt costs less: where bash's headers are. bash has
# no sanitizer, so it has none, either.
BASH_H  ?= /usr/include/bash
BUILTIN := $(if $(BASH_H),$(if $(wildcard $(BASH_H)/builtins.h),$(strip \
	$(B)/qt-hist-bash.so)))

all: $(PROGS:%=$(B)/bin/%) $(BUILTIN)

define HELP
make            the programs, in build/bin
make run        installs what is missing, builds, starts qtd (ARGS="-p 8000")
make check      installs what is missing, builds, runs every test
make check-X    one group of tests: unit cmd web fuzz crash stress lint, or
                install, the commands' test of make install (T=WORD: only the
                files with WORD in their names)
make check-fresh [RELEASE="bookworm trixie"]
                make run and make check in minimal roots
make soak       [T=MINUTES] kills, faults and power cuts of the store, at random
make bench      measures, beside its peers
make bench-peers  only builds the peers of qt-bench store
make lint       is check-lint
make deps       only installs what is missing
make install    PREFIX=/usr/local DESTDIR=
make uninstall  takes away what install put there
make clean      removes the build trees

V=1             says every command
WERROR=1        a warning is an error
JOBS=1          one test program at a time, not as many as there are cores
SAN=address,undefined or SAN=thread: instrumented, in a tree of its own
STATIC=0        qt-session, qt-shm, qt-map, qt-hist use shared libraries even where
                archives are
BASH_H=DIR      where bash's headers are, for what bash loads; none: BASH_H=
CC= CFLAGS= LDFLAGS= BUILD=DIR: another compiler, other flags, another tree
endef
help:
	@$(info $(HELP)):

$(B)/%.o: %.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(QT_CPPFLAGS) $(CPPFLAGS) $(QT_CFLAGS) $(CFLAGS) -c -o $@ $<

$(B)/%.o: %.cc
	$(call say,CXX,$@)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(QT_CPPFLAGS) $(CPPFLAGS) $(QT_CXXFLAGS) $(CXXFLAGS) -c -o $@ $<

# What the compiler is told by name lives in two files: rebuilt when it changes.
$(call objs,libcommon/base/path*.c libcommon/base/prog.c): $(B)/.config
$(B)/.config: FORCE
	@mkdir -p $(@D)
	@echo '$(PREFIX) $(VERSION)' | cmp -s - $@ || \
	    echo '$(PREFIX) $(VERSION)' >$@

$(LIB): $(call objs,libcommon/*/*.c)
	$(call say,AR,$@)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(SOLIB): $(call objs,$(foreach m,base ds shm store,libcommon/$(m)/*.c)) \
    libcommon/qt.map
	$(call say,LD,$@)
	$(Q)$(CC) $(QT_CFLAGS) $(CFLAGS) -shared -Wl,-soname,$(SONAME) -o $@ \
	    $(filter %.o,$^) -Wl,--version-script=libcommon/qt.map \
	    $(QT_LDFLAGS) $(LDFLAGS) -lz

define program
$(B)/bin/$(1): $$(call objs,cmd/$(1)/*.c) $$(LIB)
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(LINK) $$(LIBS_$(1))
endef
$(foreach p,$(PROGS),$(eval $(call program,$(p))))

$(B)/qt-hist-bash.so: cmd/qt-hist/bash-builtin/record.c
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -fPIC -Wall -Wextra -Wshadow -MD -MP \
	    $(if $(WERROR),-Werror) \
	    $(patsubst %,-isystem $(BASH_H)%,/ /include /builtins) \
	    $(CPPFLAGS) $(CFLAGS) -shared -Wl,-z,now -o $@ $< $(LDFLAGS)

# main() for QT_TEST and what tests share; in an archive, so that a program may
# have a main() of its own.
$(B)/tests/libtest.a: $(call objs,tests/unit/*.c)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^
$(UNITS) $(CRASH): %: %.o $(B)/tests/libtest.a $(LIB)
	$(call say,LD,$@)
	$(Q)$(LINK) $(LIBS_test)
# tests/unit/PROGRAM/X_test.c tests cmd/PROGRAM/X.c, which no library has.
$(foreach u,$(wildcard tests/unit/*/*_test.c),$(foreach c,$(wildcard \
	$(u:tests/unit/%_test.c=cmd/%.c)),$(eval $(B)/$(u:.c=): $(B)/$(c:.c=.o))))
# What keys do, and what is shown then: the picker as a whole.
$(B)/tests/unit/qt-hist/pick_act_test: $(filter-out %/main.o,$(call \
    objs,cmd/qt-hist/*.c))
$(UNITS_CXX): %: %.o $(B)/tests/libtest.a $(LIB)
	$(call say,LD,$@)
	$(Q)$(CXX) $(QT_CXXFLAGS) $(CXXFLAGS) -o $@ $(filter %.o %.a,$^) \
	    $(QT_LDFLAGS) $(LDFLAGS) $(LIBS_test)
$(BENCH) $(TOOLS): %: %.o $(LIB)
	$(call say,LD,$@)
	$(Q)$(LINK) $(LIBS_test)
$(FUZZ): %: %.o $(LIB)
	$(call say,LD,$@)
	$(Q)$(LINK) -fsanitize=fuzzer $(LIBS_test)
# What a process costs at least, where the C library can be linked statically.
NOTHING := $(B)/bench/nothing
$(NOTHING): bench/nothing.c
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) -static -o $@ $< 2>/dev/null || rm -f $@
# Peers of qt-bench store: each one program, with the engine that it names.
# Those whose library is not there are left out.
PEERS := $(filter-out $(B)/bench/peers/main,$(patsubst %,$(B)/%,$(basename \
	$(wildcard bench/peers/*.c bench/peers/*.cc))))
NEEDS_append  :=
NEEDS_lmdb    := lmdb.h -llmdb
NEEDS_leveldb := leveldb/db.h -lleveldb
NEEDS_rocksdb := rocksdb/db.h -lrocksdb
NEEDS_tkrzw   := tkrzw_dbm_hash.h -ltkrzw
$(PEERS): %: %.o $(B)/bench/peers/main.o $(call objs,cmd/qt-bench/work*.c) \
    $(LIB)
	$(call say,LD,$@)
	$(Q)$(CXX) $(QT_CXXFLAGS) $(CXXFLAGS) -o $@ $(filter %.o %.a,$^) \
	    $(QT_LDFLAGS) $(LDFLAGS) $(filter -l%,$(NEEDS_$(@F)))
can-build = $(if $(filter %.h,$(NEEDS_$(1))),$(shell echo '\#include \
	<$(filter %.h,$(NEEDS_$(1)))>' | $(CXX) $(CPPFLAGS) $(CXXFLAGS) \
	-std=c++17 -x c++ -E - >/dev/null 2>&1 && echo y),y)
bench-peers: deps-bench
	$(eval there := $(foreach p,$(notdir $(PEERS)),$(if $(call \
	    can-build,$(p)),$(p))))
	@$(MAKE) $(jobs) $(there:%=$(B)/bench/peers/%)
	@$(foreach p,$(filter-out $(there),$(notdir $(PEERS))),echo \
	    "no $(firstword $(NEEDS_$(p))): without the peer $(p)";)
units: $(UNITS) $(UNITS_CXX)
crashers: $(CRASH)
tools: $(TOOLS)
# Everything that is C or C++, compiled and linked; nothing runs.
compile: all units crashers tools $(BENCH) $(NOTHING) $(SOLIB)
fuzz-all: $(FUZZ)
# Fuzzers are clang's, in a tree of their own.
fuzzers:
	$(Q)$(MAKE) BUILD=build-fuzz SAN= CC=clang CFLAGS='-O1 -g $(FUZZ_CFLAGS)' \
	    fuzz-all
FUZZ_CFLAGS := -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=undefined

# The page: bundled by node from cmd/qtd/web, served by qtd from build/web.
PAGE := $(filter-out cmd/qtd/web/node_modules/%, \
	$(wildcard cmd/qtd/web/*.* cmd/qtd/web/*/*.*))
page: $(if $(PAGE),$(B)/web/.done)
$(B)/web/.done: $(PAGE) | deps-page
	$(call say,PAGE,$(@D))
	$(Q)node cmd/qtd/web/build.mjs $(@D)
	@touch $@

# --- What people type -------------------------------------------------------

# What is missing is installed first: see .ci/packages.
deps:
	@BUILD=$(B) .ci/deps build page check
deps-%:
	@BUILD=$(B) .ci/deps $(subst +, ,$*)

# These run make again, when all else that you asked for is done: two makes
# would build the same files at once.
SUITES := unit cmd web fuzz crash stress lint
AGAIN  := run check $(SUITES:%=check-%) check-install soak bench bench-peers
$(AGAIN): | $(filter-out $(AGAIN) lint,$(MAKECMDGOALS))

# As many jobs as cores, unless you said -j.
jobs = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
run: deps-build+page
	@$(MAKE) $(jobs) all page
	@exec $(B)/bin/qtd $(ARGS)

# Every group runs even when one has failed; make check-unit runs one.
check: deps
	@B=$(B) MAKE='$(MAKE) $(jobs)' T='$(T)' V='$(V)' \
	    sh tests/check.sh $(SUITES)
$(SUITES:%=check-%): check-%:
	@B=$(B) MAKE='$(MAKE) $(jobs)' T='$(T)' V='$(V)' \
	    sh tests/check.sh $*
check-install:
	@$(MAKE) check-cmd T=install
lint: check-lint
# Each round has its own seed, which is printed; SEED= repeats one.
soak:
	@$(MAKE) $(jobs) crashers
	@end=$$(($$(date +%s) + 60 * $(or $(T),60))); \
	while [ "$$(date +%s)" -lt "$$end" ]; do \
	    for t in storm odd storm maintain storm cut storm fault; do \
	        QT_STRESS=long KILLS=120 \
	            $(B)/tests/crash/store_$${t}_crash || exit 1; \
	    done; \
	done
check-fresh:
	@sh .ci/fresh $(RELEASE)

bench: deps-build+page+bench bench-peers
	@$(MAKE) $(jobs) all page $(BENCH) $(NOTHING)
	@for t in $(BENCH); do $$t || exit 1; done
	@rc=0; for v in session ws shm store hist; do $(B)/bin/qt-bench $$v || rc=1; done; \
	    exit $$rc

# --- Installing -------------------------------------------------------------

# each FILES,PLACE,MODE: PLACE is a file's name under PREFIX; $n is its own name.
to    = $(DESTDIR)$(PREFIX)
each  = for f in $(1); do n=$${f\#\#*/}; \
	install -D -m $(or $(3),644) "$$f" "$(to)/$(2)" || exit 1; done
fill  = sed -e 's,@PREFIX@,$(PREFIX),' -e 's,@BINDIR@,$(PREFIX)/bin,' \
	-e 's,@VERSION@,$(VERSION),' -e 's,@LIBS@,$(LIBS_qt),' $(1) >$(2)
SERVICES := $(patsubst %.in,$(B)/install/%,$(notdir $(wildcard cmd/*/*.service.in)))

$(B)/install/%: FORCE
	@mkdir -p $(@D)
	@$(call fill,$(wildcard cmd/*/$*.in libcommon/$*.in),$@)

install: all page $(LIB) $(SOLIB) $(B)/install/qt.pc $(SERVICES)
	$(call say,INSTALL,$(to))
	$(Q)$(call each,$(PROGS:%=$(B)/bin/%),bin/$$n,755)
	$(Q)$(call each,$(wildcard man/*.[1-8]),share/man/man$${n##*.}/$$n)
	$(Q)for p in $(PROGS); do \
	    $(call each,completions/qt.bash,share/bash-completion/completions/$$p); \
	    $(call each,completions/qt.fish,share/fish/vendor_completions.d/$$p.fish); \
	    done
	$(Q)$(call each,completions/_qt,share/zsh/site-functions/$$n)
	$(Q)$(call each,$(wildcard include/qt/*.hpp include/qt/*/*.h \
	    include/qt/*/*.hpp),$$f)
	$(Q)$(call each,$(wildcard cmd/qt-shm/python/qtshm/*.py),$(strip \
	    lib/python3/dist-packages/qtshm/$$n))
	$(Q)$(call each,$(wildcard cmd/qt-hist/*.*sh),share/qt/$$n)
	$(Q)rm -f "$(to)/lib/qt/qt-hist-bash.so"
	$(Q)$(call each,$(BUILTIN),lib/qt/$$n)
	$(Q)$(call each,$(LIB),lib/libqt.a)
	$(Q)$(call each,$(SOLIB),lib/libqt.so.$(VERSION),755)
	$(Q)ln -sf libqt.so.$(VERSION) "$(to)/lib/$(SONAME)"
	$(Q)ln -sf $(SONAME) "$(to)/lib/libqt.so"
	$(Q)$(call each,$(B)/install/qt.pc,lib/pkgconfig/qt.pc)
	$(Q)$(call each,$(wildcard cmd/*/*.socket) $(B)/install/qtd.service,$(strip \
	    lib/systemd/system/$$n))
	$(Q)$(call each,$(wildcard cmd/*/*.socket cmd/*/*.timer) $(SERVICES),$(strip \
	    lib/systemd/user/$$n))
	$(Q)[ ! -d $(B)/web ] || (cd $(B)/web && find . -type f ! -name '.*' \
	    -exec install -D -m 644 '{}' "$(abspath $(to))/share/qt/web/{}" \;)

# Takes away what install would put there, and folders of ours left empty.
uninstall:
	@t=$$(mktemp -d) && $(MAKE) -s install DESTDIR="$$t" PREFIX='$(PREFIX)' \
	    >/dev/null && (cd "$$t" && find . ! -type d) | \
	    while read -r f; do rm -f "$(DESTDIR)/$$f"; done; rm -rf "$$t" \
	    "$(to)/lib/python3/dist-packages/qtshm/__pycache__" \
	    "$(to)/lib/qt/qt-hist-bash.so"
	@[ ! -d "$(to)" ] || find "$(to)/include/qt" "$(to)/share/qt" \
	    "$(to)/lib/qt" "$(to)/lib/python3/dist-packages/qtshm" -depth -type d \
	    -exec rmdir --ignore-fail-on-non-empty '{}' + 2>/dev/null || :

clean:
	rm -rf build build-*

-include $(patsubst %.c,$(B)/%.d,$(SRCS)) $(SRCS_CXX:%.cc=$(B)/%.d) \
	$(BUILTIN:.so=.d)
