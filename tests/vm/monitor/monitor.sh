#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Holds what the monitor read from outside against what the guest's own files
# said at the same time, without a scheduler and, where there is sched_ext, with.
#
# usage: monitor.sh KTSTR CASES FIFO SERIES
set -euo pipefail

here=$(dirname "$(realpath "$0")")
ktstr=$(realpath "$1")
cases=$(realpath "$2")
fifo=$(realpath "$3")
series=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cp "$fifo" .
export KTSTR_RUN_DIR=$work/runs
tests=(readings)
[ "$series" = 6.12 ] || tests+=(readings_under_fifo)
for name in "${tests[@]}"; do
	"$ktstr" test "$cases" -k "$name" --kernel "$series" </dev/null
	python3 "$here/monitor.py" "runs/$name.ktstr.json"
done

# A guest's memory in a file, against what the guest had said of itself.
"$ktstr" shell --kernel "$series" --topology 1n2l2c1t --save memory --exec \
	'cat /proc/schedstat; echo; cat /proc/kallsyms' </dev/null >said
for what in runqueues domains symbols; do
	"$ktstr" inspect memory "$what" --json >"$what.json"
	"$ktstr" inspect memory "$what" | head -n 3
done
python3 - <<'END'
import json, re
said, kallsyms = open("said").read().split("\n\n", 1)
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
assert seen["writes"] == 1, seen
END
fi

# A test that is held to it fails by it, which this one is to do.
[ "$series" = 7.3 ] || exit 0
"$ktstr" test "$cases" -k imbalanced --kernel "$series" </dev/null
grep -E '"reason": "seen from outside: imbalance [3-5] at [+]?-?[0-9]+ms, limit 2, in [0-9]+ samples' \
	runs/imbalanced.ktstr.json
