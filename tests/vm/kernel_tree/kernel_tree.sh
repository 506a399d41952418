#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs scenarios under schedulers that the kernel's own tree has as examples.
#
# usage: kernel_tree.sh KTSTR CASES SERIES
set -euo pipefail

here=$(dirname "$(realpath "$0")")
ktstr=$(realpath "$1")
cases=$(realpath "$2")
series=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$ktstr" shell --kernel "$series" --exec 'cat /sys/kernel/btf/vmlinux' \
	</dev/null >btf
bash "$here/build.sh" btf scx_simple scx_qmap
export KTSTR_RUN_DIR=$work/runs
"$ktstr" test "$cases" --kernel "$series" </dev/null
python3 - <<'P'
import glob, json
runs = [json.load(open(p)) for p in glob.glob("runs/**/*.ktstr.json", recursive=True)]
assert len(runs) == 4, runs
for run in runs:
    name = run["test"]["name"]
    steps = [e["detail"] for e in run["events"] if e["kind"] == "scheduler"]
    wanted = "qmap" if "qmap" in name else "simple"
    print(name, run["verdict"], steps)
    assert run["verdict"] == "pass", run["notes"]
    assert steps == ["attached", "detached"], steps
    programs = run["monitor"]["programs"]
    assert any(p["name"].startswith(wanted) for p in programs), programs
    assert all(p["verified_instructions"] > 0 for p in programs if p["name"].startswith(wanted))
P
