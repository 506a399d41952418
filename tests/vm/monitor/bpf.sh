#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Holds what `ktstr inspect` reads of a guest's BPF maps and programs against
# what bpftool says of them in the guest.
#
# usage: bpf.sh KTSTR SCX_KTSTR SERIES SCRIBBLE
set -euo pipefail

here=$(dirname "$(realpath "$0")")
ktstr=$(realpath "$1")
scheduler=$(realpath "$2")
series=$3
scribble=$(realpath "$4")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cp "$scheduler" scx_ktstr
cp "$here/bpf_guest.sh" .
bpftool=$(PATH=$PATH:/usr/sbin:/sbin command -v bpftool)
# On Debian it is a script that looks for the one of the kernel that runs.
"$ktstr" shell --kernel "$series" --topology 1n2l2c1t --memory 512M \
	-i scx_ktstr -i bpf_guest.sh -i "$bpftool" --save memory \
	--exec 'PATH=$PATH:/include-files sh /include-files/bpf_guest.sh' \
	</dev/null >said
"$ktstr" inspect memory maps
"$ktstr" inspect memory prog
"$ktstr" inspect memory maps --json >maps.json
"$ktstr" inspect memory prog --json >programs.json
for map in .bss .rodata settings tasks_seen tasks_recent cpus_seen kinds_seen; do
	"$ktstr" inspect memory map "$map" | head -n 3 | cut -c -200
	"$ktstr" inspect memory map "$map" --json >"map-$map.json"
done
python3 "$here/bpf.py"
status=0
"$ktstr" inspect memory map patient_ops 2>err || status=$?
grep -F 'map patient_ops is of type struct_ops; arrays and hashes can be read' err
[ "$status" = 125 ]

echo "== watched while all that is looked at is rewritten"
"$scribble" memory 15

echo "== what the verifier made of it, as it is in the memory"
"$ktstr" verifier --scheduler ./scx_ktstr --kernel "$series" --json </dev/null >verified.json
python3 - <<'P'
import json
known = {p["name"]: p["verified"] for p in json.load(open("programs.json")) if p["name"].startswith("ktstr_")}
seen = {p["program"]: p["verified"] for p in json.load(open("verified.json")) if p["program"].startswith("ktstr_")}
assert len(seen) >= 6 and seen == {k: known[k] for k in seen}, (seen, known)
P
status=0
"$ktstr" verifier --scheduler ./scx_ktstr --kernel "$series" </dev/null \
	-- --rejected >out 2>err || status=$?
[ "$status" = 1 ]
grep -E '^\.\.\. [0-9]+ lines, [0-9]+ times more$' err
[ "$(wc -l <err)" -lt 100 ]
