#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds schedulers of the kernel's own tree, from Debian's package of the
# source, against the types of the kernel that they are to run on.
#
# usage: build.sh BTF NAME... >> the programs NAME, in this directory
set -euo pipefail

btf=$1
shift
package=linux-source-6.12
tree=$package/tools/sched_ext

[ -d "$tree" ] || {
	apt-get -q download "$package"
	dpkg-deb --fsys-tarfile "$package"_*.deb |
		tar xO "./usr/src/$package.tar.xz" |
		tar xJ "$tree" "$package/tools/include/uapi/linux"
	rm "$package"_*.deb
}
bpftool=$(PATH=$PATH:/usr/sbin:/sbin command -v bpftool)
"$bpftool" btf dump file "$btf" format c >vmlinux.h
includes=(-I. "-I$tree/include" "-I$package/tools/include/uapi")
for name; do
	clang -target bpf -mcpu=v3 -O2 -g -D__TARGET_ARCH_x86 "${includes[@]}" \
		-c "$tree/$name.bpf.c" -o "$name.o"
	"$bpftool" gen object "$name.linked.o" "$name.o"
	# A bpftool that is newer than the library fills in a member that this
	# one lacks; the programs attach by themselves and do not need it.
	"$bpftool" gen skeleton "$name.linked.o" name "$name" |
		sed '/map->link = /d' >"$name.bpf.skel.h"
	cc -O2 -g -D_GNU_SOURCE "${includes[@]}" "$tree/$name.c" -o "$name" -lbpf
done
