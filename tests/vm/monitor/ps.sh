#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Lists two running machines, looks into them by name and by pid, and sees what
# is left of one that is killed: nothing.
#
# usage: ps.sh KTSTR SERIES
set -euo pipefail

ktstr=$(realpath "$1")
series=$2
work=$(mktemp -d)
jobs=()
finish() {
	for job in "${jobs[@]}"; do
		kill "$job" 2>/dev/null || true
	done
	rm -rf "$work"
}
trap finish EXIT
cd "$work"
# Others of this user may be running beside.
left=left-$$ right=right-$$

boot() {
	exec "$ktstr" shell --kernel "$series" --topology "$2" --memory 384M \
		--name "$1" --exec 'echo here; exec sleep 300' </dev/null
}

# state NAME: of that machine, or nothing
state() {
	"$ktstr" ps --json | python3 -c '
import json, sys
print(*[m["state"] for m in json.load(sys.stdin) if m["name"] == sys.argv[1]])' "$1"
}

# await NAME STATE
await() {
	for _ in $(seq 300); do
		[ "$(state "$1")" != "$2" ] || return 0
		sleep 0.5
	done
	echo "$1 did not come to be \"$2\" in time; it is \"$(state "$1")\""
	cat out-* err-*
	return 1
}

boot "$left" 1n2l2c1t >out-left 2>err-left &
jobs+=($!)
boot "$right" 1n1l2c1t >out-right 2>err-right &
jobs+=($!)
await "$left" running
await "$right" running

echo "== ps"
"$ktstr" ps
"$ktstr" ps --json >list
python3 - "$left" "$right" "$series" <<'P'
import json, sys
left, right, series = sys.argv[1:]
machines = {m["name"]: m for m in json.load(open("list"))}
for name, topology in (left, "1n2l2c1t"), (right, "1n1l2c1t"):
    m = machines[name]
    assert m["topology"] == topology and m["memory_mib"] == 384, m
    assert m["kernel"].startswith(series + ".") and m["seconds"] < 400, m
open("pid", "w").write(str(machines[left]["pid"]))
P

echo "== inspect"
"$ktstr" inspect "$left"
"$ktstr" inspect "$left" --json >runqueues
python3 -c 'import json; r = json.load(open("runqueues")); assert [c["cpu"] for c in r] == [0, 1, 2, 3], r'
for _ in 1 2 3; do
	"$ktstr" inspect "$left" tasks >tasks
	grep -q ' sleep$' tasks
done
"$ktstr" inspect "$left" domains --json | grep -q '"name": "PKG"'
"$ktstr" inspect "$left" symbols | grep -q ' init_task$'
# Where both run in machines of their own, pids may be the same.
status=0
"$ktstr" inspect "$(cat pid)" --json >by-pid 2>err-pid || status=$?
if [ $status = 0 ]; then
	[ "$(grep -c '"cpu"' by-pid)" = 4 ]
else
	grep -F 'means several running machines' err-pid
fi

echo "== names"
status=0
"$ktstr" inspect "$left"x 2>err || status=$?
[ $status = 125 ]
grep -F "did you mean \"$left\"?" err
status=0
"$ktstr" shell --kernel "$series" --name 'a/b' --exec true </dev/null 2>err || status=$?
[ $status = 125 ]
grep -F '"a/b" is no name for a VM' err

echo "== watch, and an end by SIGKILL"
"$ktstr" inspect "$right" --watch 200ms >watched 2>watched-err &
watcher=$!
for _ in $(seq 100); do
	[ "$(grep -c '^cpu' watched)" -lt 3 ] || break
	sleep 0.2
done
[ "$(grep -c '^cpu' watched)" -ge 3 ]
kill -KILL "${jobs[1]}"
wait "$watcher"
grep -F 'the machine has ended' watched-err
await "$right" ''
kill -INT "${jobs[0]}"
wait "${jobs[0]}" || true
await "$left" ''
echo "== done"
