# make [run | check | bench | lint | install | clean] [SAN=... WERROR=1 V=1]
#
# One library, one program for each folder in cmd/, one test program for each
# tests/unit/*/*_test.c, one fuzzer for each tests/fuzz/*_fuzz.c. Adding a
# file needs no change here. `make help` says what each target does.

PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= cc
AR      ?= ar
CFLAGS  ?= -O2 -g
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
	-Wpointer-arith -Wvla -fno-common -fno-omit-frame-pointer
QT_LDFLAGS  := -pthread -Wl,--as-needed
ifneq ($(SAN),)
QT_CFLAGS   += -fsanitize=$(SAN) -fno-sanitize-recover=all
QT_LDFLAGS  += -fsanitize=$(SAN)
endif
ifneq ($(WERROR),)
QT_CFLAGS   += -Werror
endif

# Libraries by program; each is linked only where it is used.
LIBS_qtd        := -lwebsockets -luv -lssl -lcrypto -lcrypt -ljansson -lseccomp -lz
LIBS_qt-session := -luv -lvterm -lutf8proc -lz
LIBS_qt-bench   := -luv -lvterm -lutf8proc -lz
LIBS_test       := -lcmocka $(LIBS_qtd) -lvterm -lutf8proc

LIB   := $(B)/libcommon.a
SOLIB := $(B)/libqt.so
PROGS := $(notdir $(patsubst %/,%,$(wildcard cmd/*/)))
UNITS := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/*/*_test.c))
BENCH := $(patsubst %.c,$(B)/%,$(wildcard bench/*_bench.c))
FUZZ  := $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/*_fuzz.c))
TOOLS := $(patsubst %.c,$(B)/%,$(wildcard tests/*/tools/*.c))
SRCS  := $(wildcard libcommon/*/*.c cmd/*/*.c tests/unit/*.c tests/unit/*/*.c \
	tests/*/tools/*.c bench/*.c)

objs   = $(patsubst %.c,$(B)/%.o,$(wildcard $(1)))
LINK   = $(CC) $(QT_CFLAGS) $(CFLAGS) -o $@ $(filter %.o %.a,$^) $(QT_LDFLAGS) $(LDFLAGS)

.PHONY: all help tools
.DELETE_ON_ERROR:
.SECONDARY:

all: $(PROGS:%=$(B)/bin/%)

$(B)/%.o: %.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(QT_CPPFLAGS) $(CPPFLAGS) $(QT_CFLAGS) $(CFLAGS) -c -o $@ $<

$(LIB): $(call objs,libcommon/*/*.c)
	$(call say,AR,$@)
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(SOLIB): $(call objs,libcommon/base/*.c libcommon/shm/*.c)
	$(call say,LD,$@)
	$(Q)$(CC) -shared -Wl,-soname,libqt.so.0 -o $@ $^ $(QT_LDFLAGS) $(LDFLAGS)

define program
$(B)/bin/$(1): $$(call objs,cmd/$(1)/*.c) $$(LIB)
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(LINK) $$(LIBS_$(1))
endef
$(foreach p,$(PROGS),$(eval $(call program,$(p))))

$(UNITS): %: %.o $(B)/tests/unit/main.o $(LIB)
	$(call say,LD,$@)
	$(Q)$(LINK) $(LIBS_test)
$(BENCH): %: %.o $(LIB)
	$(call say,LD,$@)
	$(Q)$(LINK) $(LIBS_test)
$(TOOLS): %: %.o $(LIB)
	$(call say,LD,$@)
	$(Q)$(LINK) $(LIBS_test)
tools: $(TOOLS)

.PHONY: check check-unit check-cmd bench lint clean
check: check-unit check-cmd
check-unit: $(UNITS)
	@for t in $^; do echo "# $$t"; $$t || exit 1; done
check-cmd: all tools
	@PATH="$(CURDIR)/$(B)/bin:$$PATH" bats --tap tests/cmd

bench: $(BENCH)
	@for t in $^; do $$t; done

lint:
	sh tests/lint/size.sh
	sh tests/lint/layers.sh
	for h in $$(find include -name '*.h'); do \
	    $(CC) -std=c11 -D_GNU_SOURCE -Iinclude -fsyntax-only -x c $$h || exit 1; done

clean:
	rm -rf build build-*

-include $(patsubst %.c,$(B)/%.d,$(SRCS))
