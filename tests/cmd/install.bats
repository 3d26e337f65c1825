#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# make install into a staging folder, and the programs run from there.

bats_require_minimum_version 1.5.0
load lib
load qtd

# BUILD, SAN, CC of the make that runs us are in the environment.
setup_file() {
	[ -z "${SAN-}" ] || return 0
	export STAGE="$BATS_FILE_TMPDIR/stage" PREFIX=/usr/local
	export AT="$STAGE$PREFIX"
	make -s -C "$QT_TOP" install DESTDIR="$STAGE" >&2
}

setup() {
	world_up
	[ -z "${SAN-}" ] || skip "what is installed is not instrumented"
}

teardown() {
	[ -z "${QTD-}" ] || qtd_down
	world_down
}

progs() { (cd "$QT_TOP" && for m in cmd/*/main.c; do basename "${m%/main.c}"; done); }

@test "every program is installed and says its version" {
	for p in $(progs); do
		run -0 "$AT/bin/$p" --version
		[[ "$output" == "$p "[0-9]*.[0-9]*.[0-9]* ]]
	done
}

@test "every program has its man page, and man pages lie in their sections" {
	for p in $(progs); do
		ls "$AT"/share/man/man[18]/"$p".[18]
	done
	for m in "$QT_TOP"/man/*.[1-8]; do
		[ -f "$AT/share/man/man${m##*.}/${m##*/}" ]
	done
}

@test "every program has completions for bash, zsh and fish" {
	for p in $(progs); do
		bash -n "$AT/share/bash-completion/completions/$p"
		fish -n "$AT/share/fish/vendor_completions.d/$p.fish"
		grep -qw -- "$p" "$AT/share/zsh/site-functions/_qt"
	done
	zsh -n "$AT/share/zsh/site-functions/_qt"
}

# A program against what is installed, told where only by pkg-config.
build_user() {
	cat >"$BATS_TEST_TMPDIR/user.c" <<-'C'
	#include <stdio.h>
	#include <qt/base/buf.h>
	#include <qt/base/err.h>

	int
	main(void)
	{
		struct qt_buf	buf = QT_BUF_INIT;

		if (qt_buf_add(&buf, "installed", 9) < 0)
			return 1;
		printf("%.*s\n", (int)buf.len, (const char *)buf.data);
		qt_buf_clear(&buf);
		return 0;
	}
	C
	# shellcheck disable=SC2046 # flags are words
	cc -o "$BATS_TEST_TMPDIR/user" "$BATS_TEST_TMPDIR/user.c" \
	    $(PKG_CONFIG_PATH="$AT/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$STAGE" \
	    pkg-config --cflags --libs "$@" qt)
}

@test "a program is built by pkg-config and runs with libqt.so" {
	build_user
	readelf -d "$BATS_TEST_TMPDIR/user" | grep -q 'libqt\.so\.0'
	LD_LIBRARY_PATH="$AT/lib" run -0 "$BATS_TEST_TMPDIR/user"
	[ "$output" = installed ]
}

@test "a program is built with libqt.a" {
	mv "$AT/lib/libqt.so" "$AT/lib/hidden"
	build_user --static
	mv "$AT/lib/hidden" "$AT/lib/libqt.so"
	run ! bash -c "readelf -d '$BATS_TEST_TMPDIR/user' | grep libqt"
	run -0 "$BATS_TEST_TMPDIR/user"
	[ "$output" = installed ]
}

@test "a program with a store is built by pkg-config and runs with libqt.so" {
	cat >"$BATS_TEST_TMPDIR/user.c" <<-'C'
	#include <stdio.h>
	#include <qt/store/store.h>

	int
	main(int argc, char **argv)
	{
		struct qt_store_value	v;
		struct qt_store		*s;
		struct qt_err		err = QT_ERR_INIT;

		(void)argc;
		if (qt_store_init(argv[1], NULL, &err) < 0 ||
		    qt_store_open(argv[1], NULL, &s, &err) < 0 ||
		    qt_store_put(s, NULL, &(struct qt_store_put){
		    .key = "k", .key_len = 1, .value = "installed",
		    .value_len = 9 }, &err) < 0 ||
		    qt_store_get(s, NULL, &v, "k", 1, &err) < 0) {
			puts(err.text);
			return 1;
		}
		printf("%.*s\n", (int)v.len, (const char *)v.data);
		qt_store_value_clear(&v);
		if (qt_store_close(s, &err) < 0 ||
		    qt_store_remove(argv[1], &err) < 0)
			puts(err.text);
		return 0;
	}
	C
	# shellcheck disable=SC2046 # flags are words
	cc -Wall -Wextra -Werror -o "$BATS_TEST_TMPDIR/user" \
	    "$BATS_TEST_TMPDIR/user.c" \
	    $(PKG_CONFIG_PATH="$AT/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$STAGE" \
	    pkg-config --cflags --libs qt)
	LD_LIBRARY_PATH="$AT/lib" run -0 "$BATS_TEST_TMPDIR/user" \
	    "$BATS_TEST_TMPDIR/store"
	[ "$output" = installed ]
}

@test "a C++ program is built by pkg-config and runs with libqt.so" {
	cat >"$BATS_TEST_TMPDIR/user.cc" <<-'C'
	#include <iostream>
	#include <qt/shm.hpp>

	int
	main()
	{
		auto seg = qt::shm::segment::create();
		auto q = qt::shm::queue<std::string>::create(seg, "q", {8, 64});

		q.push("installed");
		std::cout << q.pop().value() << "\n";
	}
	C
	# shellcheck disable=SC2046 # flags are words
	c++ -std=c++17 -Wall -Wextra -Werror -o "$BATS_TEST_TMPDIR/user" \
	    "$BATS_TEST_TMPDIR/user.cc" \
	    $(PKG_CONFIG_PATH="$AT/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$STAGE" \
	    pkg-config --cflags --libs qt)
	LD_LIBRARY_PATH="$AT/lib" run -0 "$BATS_TEST_TMPDIR/user"
	[ "$output" = installed ]
}

@test "the Python module finds the library beside it" {
	command -v python3 >/dev/null || skip "no python3 here"
	PYTHONPATH="$AT/lib/python3/dist-packages" PYTHONDONTWRITEBYTECODE=1 \
	    QT_LIBRARY='' run -0 python3 -c 'if True:
		import qtshm
		with qtshm.Segment.create() as seg:
		    q = qtshm.Queue.create(seg, "q")
		    q.push("installed")
		    print(q.pop().decode(), qtshm.library_path())'
	[ "$output" = "installed $AT/lib/libqt.so.0" ]
}

@test "libqt.so offers qt_ names and no others" {
	run -0 bash -c "nm -D --defined-only '$AT/lib/libqt.so' |
	    awk '\$3 !~ /^qt_[^_]/'"
	[ "$output" = "" ]
	nm -D --defined-only "$AT/lib/libqt.so" | grep -q ' T qt_seg_open$'
}

@test "libqt.so needs nothing that it does not bring" {
	run -0 bash -c "LD_BIND_NOW=1 LD_LIBRARY_PATH='$AT/lib' \
	    ldd -r '$AT/lib/libqt.so'"
	[[ "$output" != *"undefined symbol"* ]]
	[[ "$output" != *"not found"* ]]
}

@test "the installed programs find each other and the installed page" {
	PATH="$AT/bin:$PATH"
	# The tree's own page is out of reach, so what is served was installed.
	qtd_start --no-login
	[ "$(readlink "/proc/$QTD/exe")" = "$AT/bin/qtd" ]
	curl -sf "$URL" | cmp - "$AT/share/qt/web/index.html"
	qt-session new -d -n staged -- cat
	[ "$(readlink "/proc/$(host_pid)/exe")" = "$AT/bin/qt-session" ]
}

@test "what a shell evaluates for its history is installed" {
	for shell in bash zsh fish; do
		run -0 "$AT/bin/qt-hist" init "$shell"
		[[ $output == *QT_HIST_SESSION* ]]
		[[ $output != *@SPOOL@* ]]
	done
	[ ! -e "$QT_BUILD/qt-hist-bash.so" ] || "$AT/bin/qt-hist" init bash |
	    grep -q "='.*/lib/qt/qt-hist-bash.so'\$"
}

@test "the systemd units name the installed programs" {
	for unit in system/qtd.service system/qtd.socket user/qtd.service \
	    user/qtd.socket user/qt-session-host.service; do
		[ -f "$AT/lib/systemd/$unit" ]
		run ! grep -n '@[A-Z]*@' "$AT/lib/systemd/$unit"
	done
	grep -q "^ExecStart=$PREFIX/bin/qtd" "$AT/lib/systemd/system/qtd.service"
	grep -q "^ExecStart=$PREFIX/bin/qt-session host" \
	    "$AT/lib/systemd/user/qt-session-host.service"
}

@test "systemd finds no fault in the units" {
	command -v systemd-analyze >/dev/null || skip "no systemd-analyze here"
	mkdir "$BATS_TEST_TMPDIR/units"
	for f in "$AT"/lib/systemd/user/*; do
		sed "s,^ExecStart=$PREFIX,ExecStart=$AT," "$f" \
		    >"$BATS_TEST_TMPDIR/units/${f##*/}"
	done
	run systemd-analyze verify --man=no "$BATS_TEST_TMPDIR"/units/*
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "make uninstall takes all of it away, and nothing else" {
	cp -a "$STAGE" "$BATS_TEST_TMPDIR/again"
	echo mine >"$BATS_TEST_TMPDIR/again$PREFIX/bin/mine"
	make -s -C "$QT_TOP" uninstall DESTDIR="$BATS_TEST_TMPDIR/again" >&2
	run -0 find "$BATS_TEST_TMPDIR/again" ! -type d
	[ "$output" = "$BATS_TEST_TMPDIR/again$PREFIX/bin/mine" ]
	[ ! -d "$BATS_TEST_TMPDIR/again$PREFIX/include/qt" ]
	# Also what it would not install now.
	cp -a "$STAGE" "$BATS_TEST_TMPDIR/other"
	make -s -C "$QT_TOP" uninstall DESTDIR="$BATS_TEST_TMPDIR/other" \
	    BASH_H= >&2
	run -0 find "$BATS_TEST_TMPDIR/other" ! -type d
	[ -z "$output" ]
}
