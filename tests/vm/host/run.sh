#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# `ktstr run` on the machine that this is: what it says, and that nothing is left
# of it, however it ends.
#
# usage: run.sh KTSTR
set -euo pipefail

ktstr=$(realpath "$1")
scratch=$(mktemp -d)
chmod 755 "$scratch"
top=/sys/fs/cgroup
own=$top/ktstr-run-test.$$

clean() {
	local group

	for group in "$own"/* "$own"; do
		[ ! -d "$group" ] || rmdir "$group" 2>/dev/null || :
	done
	rm -rf "$scratch"
}
trap clean EXIT
cd "$scratch"
export KTSTR_RUN_DIR=$scratch/results
unset KTSTR_NO_SKIP_MODE

fail() {
	echo "FAILED: $*" >&2
	[ ! -e out ] || cat out >&2
	exit 1
}

# All groups, and what they hand on.
groups_now() {
	find "$top" -mindepth 1 -type d | sort
	cat "$top/cgroup.subtree_control"
}

# run STATUS ARGUMENT...: its output is in `out`.
run() {
	local wanted=$1 status=0

	shift
	"$ktstr" run "$@" >out 2>&1 || status=$?
	[ "$status" = "$wanted" ] || fail "ktstr run $*: status $status, not $wanted"
}

says() { grep -qE -- "$1" out || fail "no line has $1"; }

unchanged() {
	groups_now >after
	diff before after >&2 || fail "$*: the groups are not as they were"
	# It is gone with the groups, or right behind them.
	for _ in $(seq 100); do
		pgrep -f ktstr-here >/dev/null || return 0
		sleep 0.1
	done
	fail "$*: $(pgrep -af ktstr-here) is left"
}

groups_now >before

# What there is, and one that there is not.
run 0 --list
[ "$(wc -l <out)" = 14 ] || fail "14 scenarios are there"
run 125 stedy
says '^ktstr: no scenario "stedy"; did you mean "steady"\? --list names them all$'

# Commands run in the machine as whoever started them. Without rights there is
# only the refusal to see.
if [ "$(id -u)" != 0 ]; then
	run 125 steady --duration 1
	says 'you may not make control groups in .*systemd-run --user --scope'
	unchanged "a user without rights"
	echo "SKIP: all else takes root"
	exit 77
fi

# Two of them, with their numbers in files.
run 0 steady nested_task_move --duration 1
grep -qxF "on this machine, Linux $(uname -r), under the kernel's own scheduler" out ||
	fail "the machine is not named"
says '^pass steady \[[0-9]+n[0-9]+l[0-9]+c[0-9]+t\] '
says '^2 runs: 2 passed in '
grep -q '"name": "steady' "$KTSTR_RUN_DIR"/steady.ktstr.json ||
	fail "steady has no numbers"
unchanged "two scenarios"

# All, of which those that need another machine are skipped; none fails.
status=0
"$ktstr" run --duration 1 --format tap >out 2>&1 || status=$?
[ "$status" = 0 ] || [ "$status" = 2 ] || fail "all scenarios: status $status"
says '^1\.\.14$'
[ "$(grep -cE '^(not )?ok ' out)" = 14 ] || fail "14 scenarios were run"
says '^ok [0-9]+ - steady_llc.* # SKIP'
unchanged "all scenarios"

# Ends it when the scenario's groups are there.
end_by() {
	local signal=$1 pid status=0

	"$ktstr" run steady --duration 60 >out 2>&1 &
	pid=$!
	for _ in $(seq 300); do
		# shellcheck disable=SC2144 # there is one
		[ ! -d $top/ktstr.*/tests/ktstr.*/left ] || break
		sleep 0.1
	done
	# shellcheck disable=SC2144
	[ -d $top/ktstr.*/tests/ktstr.*/left ] || fail "no scenario began"
	kill "-$signal" "$pid"
	wait "$pid" || status=$?
	[ "$status" = $((128 + $(kill -l "$signal"))) ] ||
		fail "SIG$signal: status $status"
}
for signal in TERM KILL; do
	end_by "$signal"
	for _ in $(seq 100); do
		groups_now >after
		! cmp -s before after || break
		sleep 0.1
	done
	unchanged "SIG$signal"
done

# When nothing of it can clean up, the next one does.
"$ktstr" run steady --duration 60 >out 2>&1 &
for _ in $(seq 300); do
	[ "$(pgrep -fc ktstr-here)" -lt 5 ] || break
	sleep 0.1
done
pkill -KILL -f 'ktstr-here|run steady'
wait
run 0 steady --duration 1
groups_now | grep -v '^[a-z]' >after
grep -v '^[a-z]' before | diff - after >&2 || fail "an orphan is left"
# (What it had the root hand on stays so.)
for controller in $(cat "$top/cgroup.subtree_control"); do
	grep -qw "$controller" before ||
		echo "-$controller" >"$top/cgroup.subtree_control"
done
unchanged "an orphan"

# An ordinary user, who may not; then one to whom a group was handed.
as_user() { setpriv --reuid 1234 --regid 1234 --clear-groups "$@"; }
rm -rf "$KTSTR_RUN_DIR"
chmod 777 "$scratch"
status=0
as_user "$ktstr" run steady --duration 1 >out 2>&1 || status=$?
[ "$status" = 125 ] || fail "a user without rights: status $status"
says 'you may not make control groups in /sys/fs/cgroup.*systemd-run --user --scope'
unchanged "a user without rights"

for controller in cpuset cpu; do
	echo "+$controller" >"$top/cgroup.subtree_control"
done
mkdir "$own"
chown -R 1234 "$own"
status=0
as_user "$ktstr" run steady --duration 1 --cgroup "$own" >out 2>&1 || status=$?
[ "$status" = 125 ] || fail "from outside of the group: status $status"
says "you may not move processes into the control group $own from outside"
[ "$(find "$own" -mindepth 1 -type d)" = "" ] || fail "a group is left in $own"

# Started in it, as by systemd-run: it stands aside for the time. Only root may
# move a process there from another one's group.
bash -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' - "$own" \
	setpriv --reuid 1234 --regid 1234 --clear-groups \
	"$ktstr" run steady --duration 1 >out 2>&1 || fail "started in its group"
says '^pass steady '
[ "$(find "$own" -mindepth 1 -type d)" = "" ] || fail "a group is left in $own"
[ -z "$(cat "$own/cgroup.subtree_control")" ] || fail "$own hands on"

# Somebody else sits in it.
sleep 1000 &
echo $! >"$own/cgroup.procs"
run 125 steady --cgroup "$own"
says "process $! sits in the control group $own, so that it can hand no controllers on"
kill $!
wait $! || :
rmdir "$own"
run 125 steady --cgroup "$own"
says "the control group $own: No such file or directory"
run 125 steady --cgroup /tmp
says "/tmp is no control group of version 2"
echo "all as it should be"
