#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A file as a C array, for a header: embed.sh NAME FILE
set -eu
echo "static const unsigned char $1[] __attribute__((aligned(8))) = {"
od -An -v -tx1 "$2" | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'
echo "};"
