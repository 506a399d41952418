#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Every kind of work in one machine, on a stock kernel.
#
# usage: workload.sh KTSTR CASES
set -euo pipefail

ktstr=$(realpath "$1")
cases=$(realpath "$2")
unset KTSTR_NO_SKIP_MODE
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export KTSTR_RUN_DIR=$work/runs

status=0
"$ktstr" test "$cases" --kernel 7.3 </dev/null || status=$?
# What the guest's kernel counted, to see how far the limits are.
find runs -name '*.ktstr.json' -exec python3 -c '
import json, sys
for metric in json.load(open(sys.argv[1])).get("metrics", []):
    print("  {name:28} {value:12.1f} {unit}".format(**metric))
' {} \; || true
exit "$status"
