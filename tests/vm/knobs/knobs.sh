#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Turns each knob of the fixture scheduler and sees what trips.
#
# usage: knobs.sh KTSTR CASES SCX_KTSTR KERNEL [OPTION...]
set -euo pipefail

here=$(dirname "$(realpath "$0")")
ktstr=$(realpath "$1")
cases=$(realpath "$2")
scheduler=$(realpath "$3")
kernel=$4
shift 4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cp "$scheduler" scx_ktstr
export KTSTR_RUN_DIR=$work/runs
# Most of them have to fail.
"$ktstr" test "$cases" --kernel "$kernel" "$@" </dev/null >out 2>&1 || true
tail -n 3 out
if [ $# -gt 0 ]; then
	# Only what was left alone, many times.
	python3 "$here/knobs.py" runs left_alone
else
	python3 "$here/knobs.py" runs
fi
