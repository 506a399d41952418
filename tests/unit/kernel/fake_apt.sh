#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Stands for apt-get, apt-cache, apt-helper and dpkg in fetch_test, which links
# it under these names. $FAKE is a directory with what it has to answer:
#
#	names		one package a line
#	depends/NAME	the Depends field of a package
#	trees/NAME	what the package unpacks to
#	hash		the checksum that the lists have, if not SHA256:0123
#	update		run by apt-get update, if there
#	download	run before each download with its arguments, if there
#	log		gets a line for each thing that was done
set -eu

tool=${0##*/}
all="$*"
if [ "$tool" = dpkg ]; then
	echo "extract ${2##*/}" >>"$FAKE/log"
	name=${2##*/}
	cp -R "$FAKE/trees/${name%.deb}/." "$3"
	exit
fi
while [ $# -gt 0 ]; do
	case $1 in
	-q) ;;
	-c) conf=$2 && shift ;;
	--print-uris) print=1 ;;
	*) break ;;
	esac
	shift
done
case "$tool $1" in
"apt-get indextargets")
	echo "Debian|bookworm|main|http://m/debian/|/nowhere:1"
	;;
"apt-get update")
	echo update >>"$FAKE/log"
	[ -f "$conf" ]
	[ ! -e "$FAKE/update" ] || . "$FAKE/update"
	;;
"apt-get download")
	shift
	: "${print?only with --print-uris}"
	for name; do
		grep -qx "$name" "$FAKE/names"
		hash=$(cat "$FAKE/hash" 2>/dev/null || echo SHA256:0123)
		echo "'http://m/debian/$name' $name.deb 1000 $hash"
	done
	;;
"apt-cache pkgnames")
	cat "$FAKE/names"
	;;
"apt-cache show")
	[ "$2" = --no-all-versions ]
	echo "Package: $3"
	echo "Depends: $(cat "$FAKE/depends/$3" 2>/dev/null)"
	echo "Description: none"
	;;
"apt-helper download-file")
	echo "download ${2##*/}" >>"$FAKE/log"
	[ "$4" = SHA256:0123 ]
	[ ! -e "$FAKE/download" ] || . "$FAKE/download"
	echo package >"$3"
	;;
*)
	echo "E: not expected: $tool $all" >&2
	exit 99
	;;
esac
