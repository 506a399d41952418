#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Holds what the monitor read from outside against what the guest's own files
# said at the same time, without a scheduler and, where there is sched_ext, with.
#
# usage: monitor.sh KTSTR CASES SCX_KTSTR SERIES
set -euo pipefail

here=$(dirname "$(realpath "$0")")
ktstr=$(realpath "$1")
cases=$(realpath "$2")
fixture=$(realpath "$3")
series=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cp "$fixture" .
export KTSTR_RUN_DIR=$work/runs
tests=(readings_alone)
[ "$series" = 6.12 ] || tests+=(readings_under_fixture)
for name in "${tests[@]}"; do
	"$ktstr" test "$cases" -k "$name" --kernel "$series" </dev/null
	python3 "$here/monitor.py" "runs/$name.ktstr.json"
done

# A guest's memory in a file, against what the guest had said of itself.
"$ktstr" shell --kernel "$series" --topology 1n2l2c1t --save memory --exec \
	'cat /proc/schedstat; echo; cat /proc/kallsyms; echo; cat /proc/[0-9]*/task/*/stat' \
	</dev/null >said
for what in runqueues domains tasks symbols; do
	"$ktstr" inspect memory "$what" --json >"$what.json"
	"$ktstr" inspect memory "$what" | head -n 3
done
python3 - <<'END'
import json, re
said, kallsyms, stats = open("said").read().split("\n\n", 2)
addresses = {}
for line in kallsyms.splitlines():
    address, _, name = line.split()[:3]
    addresses.setdefault(name, address)
symbols = json.load(open("symbols.json"))
for symbol in symbols:
    name = symbol["name"]
    name = name if name in addresses else "init_top_pgt"
    assert symbol["address"] == addresses[name], (symbol, addresses[name])
assert len(symbols) >= 8, symbols
runqueues = json.load(open("runqueues.json"))
lines = [line.split() for line in said.splitlines() if line.startswith("cpu")]
assert len(lines) == len(runqueues) == 4
for line, runqueue in zip(lines, runqueues):
    assert f"cpu{runqueue['cpu']}" == line[0]
    assert int(line[3]) <= runqueue["sched_count"] < int(line[3]) + 5000, (line, runqueue)
    assert int(line[8]) <= runqueue["run_delay_ns"], (line, runqueue)
domains = json.load(open("domains.json"))
masks = re.findall(r"^domain\d+ (?:[A-Z]+ )?([0-9a-f]+) ", said, re.M)
assert [bin(int(mask, 16)).count("1") for mask in masks] == [d["cpus"] for d in domains], (masks, domains)
names = re.findall(r"^domain\d+ ([A-Z]+) ", said, re.M)
assert not names or names == [d["name"] for d in domains], (names, domains)
POLICIES = {0: "normal", 1: "fifo", 2: "rr", 3: "batch", 5: "idle", 6: "deadline", 7: "ext"}
tasks = {task["pid"]: task for task in json.load(open("tasks.json"))}
alike = 0
for stat in stats.splitlines():
    pid, comm, state, rest = re.match(r"(\d+) \((.*)\) (\S) (.*)", stat).groups()
    rest = rest.split()
    # The command itself has ended, and workers come and go.
    if comm in ("sh", "cat") or comm.startswith("kworker"):
        continue
    task = tasks[int(pid)]
    # What a worker of the kernel is busy with shows in /proc, behind its name.
    assert comm == task["comm"] or comm[:15] == task["comm"], (stat, task)
    assert POLICIES[int(rest[37])] == task["policy"], (stat, task)
    assert int(rest[14]) + 100 == task["prio"], (stat, task)
    alike += state == task["state"] and int(rest[35]) == task["cpu"]
assert alike >= 20, (alike, len(tasks))
print(f"a saved guest: of {len(tasks)} tasks {alike} are as they were, in state and CPU")
print(f"a saved guest: {len(symbols)} symbols, {len(runqueues)} runqueues and {len(domains)} domains are as it said")
END

# The watchdog is the host's to set, in either of the two ways that kernels have.
if [ "$series" != 6.12 ]; then
	"$ktstr" test "$cases" -k watchdog --kernel "$series" </dev/null && exit 1
	python3 - runs/watchdog.ktstr.json <<'END'
import json, re, sys
run = json.load(open(sys.argv[1]))
assert run["verdict"] == "fail", run["verdict"]
text = run.get("reason", "") + " ".join(run["notes"])
assert "runnable task stall" in text, text
waited = re.search(r"failed to run for (\d+\.\d+)s", text)
assert waited and 9.9 < float(waited[1]) < 25, text
seen = run["monitor"]["watchdog"]
print("watchdog:", seen, waited[0])
assert seen["expected_jiffies"] == seen["observed_jiffies"] == 10 * seen["hz"], seen
assert 1 <= seen["writes"] <= 2, seen
END
fi

# A test that is held to it fails by it, which this one is to do.
[ "$series" = 7.3 ] || exit 0
"$ktstr" test "$cases" -k imbalanced --kernel "$series" </dev/null
grep -E '"reason": "seen from outside: imbalance [3-5] at [+]?-?[0-9]+ms, limit 2, in [0-9]+ samples' \
	runs/imbalanced.ktstr.json
