#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Scenarios that have to pass, and situations that have to fail for the right
# reason, of which it prints the table that docs/checks.md shows.
#
# usage: scenario.sh KTSTR CASES BROKEN
set -euo pipefail

ktstr=$(realpath "$1")
cases=$(realpath "$2")
broken=$(realpath "$3")
unset KTSTR_NO_SKIP_MODE
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export KTSTR_RUN_DIR=$work/runs

for binary in "$cases" "$broken"; do
	strip -o stripped "$binary"
	kib=$(($(stat -c %s stripped) / 1024))
	[ "$kib" -le 3072 ] || {
		echo "$binary has $kib KiB stripped, and may have 3072"
		exit 1
	}
done

status=0
"$ktstr" test "$cases" "$broken" --kernel 7.3 </dev/null >out 2>&1 || status=$?
grep -E '^(pass|fail|skip|inconclusive) ' out || true
# On a busy host what the host did may leave a scenario undecided.
[ "$status" = 0 ] || [ "$status" = 2 ] || {
	cat out
	echo "status $status: none of these may fail"
	exit 1
}
python3 - "$KTSTR_RUN_DIR" <<'END' || {
import glob, json, re, sys

runs = {}
for path in glob.glob(sys.argv[1] + "/**/*.ktstr.json", recursive=True):
    run = json.load(open(path))
    runs[run["test"]["name"]] = run
wrong = []

def wanted(name, patterns):
    run = runs.get(name, {})
    notes = run.get("notes", [])
    found = [next((n for n in notes if re.search(p, n)), None) for p in patterns]
    for pattern, note in zip(patterns, found):
        if note is None:
            wrong.append(f"{name}: no note is like {pattern!r} in {notes}")
    if run.get("verdict") != "pass":
        wrong.append(f"{name}: {run.get('verdict')}")
    return found[0]

ms = r"\d[\d.e+]*ms"
table = [
    ("pinned_outside", "a worker is pinned where it may not be", "`isolation`",
     [r"^ran on cpu1: worker 1 of confined may only use 0$"]),
    ("starved", "a `SCHED_IDLE` worker against a spinner, on one CPU",
     "`max_gap_ms` 300",
     [rf"^stuck {ms} on cpu0 at \+{ms}: worker 0 of both/idle, limit 300ms"]),
    ("frozen", "a cgroup that something froze", "`max_gap_ms` 1000",
     # It may never have run: then no CPU is known.
     [rf"^stuck {ms} on (cpu\d|an unknown cpu) at \+{ms}: worker 0 of victim, limit 1000ms",
      rf"^did not end when told to \(killed by signal 9\) .* of victim$"]),
    ("stopped", "a worker that is stopped (`SIGSTOP`)", "`max_gap_ms` 1000",
     [rf"^stuck {ms} on cpu\d at \+{ms}: worker 1 of halting, limit 1000ms",
      rf"^did not end when told to .*: worker 1 of halting$"]),
    ("skewed_weight", "a worker in a group of a tenth of the weight",
     "`max_spread_pct` 15",
     [r"^spread \d[\d.]*% in heavy: off the CPU .* for worker 1, .* for worker "
      r"0, limit 15%"]),
    ("migration_storm", "a worker that is sent to another CPU each time",
     "`max_migration_ratio` 0.1",
     [r"^\d[\d.]* migrations an iteration .* by worker 0 of storm, limit 0.1$"]),
    ("slow_waker", "a timer's worker, nice 19, behind six spinners",
     "`max_p99_wake_latency_ns` 2000000",
     [r"^p99 wake latency \d+ns over \d+ wakes of worker 0 of both/waker, limit "
      r"2000000ns"]),
]
print("| situation | limit | note |\n|---|---|---|")
for name, situation, limit, patterns in table:
    print(f"| {situation} | {limit} | `{wanted(name, patterns)}` |")

wanted("wrongly_declared", [
    r"a cgroup without a name",
    r"cgroup twice is there already",
    r"cgroup far: cpuset: LLC 7 of a machine that has 1",
    r"workers odd: 3 workers cannot be divided into sets of 2",
    r'step wrong: freeze two: there is no cgroup "two" now; there is one',
    r"step 1: cpu_offline 99: there is no CPU 99",
    r"a hold of 2 of duration_s",
    r'there is no scenario "unsteady"; there is steady, ',
    r"steady_llc needs 2 usable CPUs and 2 LLCs",
])

# Every canned scenario ran, and measured.
canned = runs["canned"]
metrics = {m["name"]: m["value"] for m in canned["metrics"]}
verdicts = dict(re.match(r"(\w+): (\w+)$", n).groups()
                for n in canned["notes"] if re.match(r"\w+: \w+$", n))
if len(verdicts) != 14 or not set(verdicts.values()) <= {"pass", "inconclusive"}:
    wrong.append(f"canned: {verdicts}")
for name in verdicts:
    for metric in "work_units", "worst_gap":
        if not metrics.get(f"{name}.{metric}", 0) > 0:
            wrong.append(f"canned: {name}.{metric} is not > 0")
for line in wrong:
    print("FAIL", line)
sys.exit(len(wrong) > 0)
END
	cat out
	exit 1
}
echo "all is as it should be"
