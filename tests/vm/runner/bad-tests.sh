#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What `ktstr test` makes of tests that are broken: each has its own words.
# KTSTR_TEST_ALL=1 has a test fork 10,000 children, too, which takes minutes.
#
# usage: bad-tests.sh KTSTR BINARY
set -euo pipefail

ktstr=$(realpath "$1")
binary=$(realpath "$2")
unset KTSTR_NO_SKIP_MODE
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export KTSTR_RUN_DIR=$work/runs
failures=0

complain() {
	failures=$((failures + 1))
	printf 'FAIL %s\n' "$*"
	sed 's/^/  out: /' out
	sed 's/^/  err: /' err
}

# run STATUS ARGUMENT...: into ./out and ./err
run() {
	local wanted=$1 status=0

	shift
	"$ktstr" test "$binary" "$@" --kernel 7.3 </dev/null >out 2>err || status=$?
	[ "$status" = "$wanted" ] || complain "status $status, not $wanted"
}

# tells TEST TEXT...: all below the line of that test, and in this order
tells() {
	local test=$1 block

	shift
	block=$(awk -v name="$test" '/^[a-z]/ { on = $2 == name } on' out)
	for text; do
		case $block in
		*"$text"*) block=${block#*"$text"} ;;
		*) complain "no \"$text\" of $test" ;;
		esac
	done
}

run 1 -k exits -k is_killed -k prints -k what_there_is -k sends -k forges \
	-k tears -k restarts
tells exits 'fail exits ' 'about to exit' \
	"the test's process exited with 0 and gave no verdict"
tells exits_with_3 'fail exits_with_3 ' \
	"the test's process exited with 3 and gave no verdict"
tells is_killed 'fail is_killed ' \
	"the test's process was killed by signal 9 (Killed)"
tells prints_100_mb 'pass prints_100_mb ' 'it printed 100000033 bytes, of which '
tells forks_what_there_is 'fail forks_what_there_is ' 'fork() number ' \
	': Resource temporarily unavailable' 'it left ' \
	' processes running, which were ended'
tells sends_garbage 'fail sends_garbage ' \
	'the guest sent 27 bytes that are no frame; only its init may write'
tells forges_a_result 'fail forges_a_result ' \
	'the guest sent 2 results of one test; only its init may write'
tells forges_badly 'fail forges_badly ' 'the guest sent a frame TRES of ' \
	' that does not match its checksum; only its init may write'
tells tears_a_frame 'fail tears_a_frame ' \
	'the guest sent a frame STDO of 262144 bytes, of which ' \
	' came before the guest ended; only its init may write'
tells restarts 'fail restarts ' \
	'the guest restarted before its init reported an exit code'
if grep -q 'not to be believed' out; then complain "a liar is believed"; fi
[ "$(grep -c 'restarted before' out)" = 1 ] || complain "not one restart"
[ "$(wc -c <out)" -lt 65536 ] || complain "what a test prints floods the report"

python3 - "$KTSTR_RUN_DIR" >said 2>&1 <<'END' || complain "$(cat said)"
import json, os, sys
def load(name):
	path = f"{sys.argv[1]}/{name}.ktstr.json"
	return json.load(open(path)), os.path.getsize(path)
run, size = load("prints_100_mb")
guest = run["guest"]
assert size < 2 << 20, size
assert guest["output"].startswith("the beginning\0 and a NUL\nxxx"), guest["output"][:99]
assert guest["output_end"].endswith("xxx\nthe end\n"), guest["output_end"][-99:]
kept = len(guest["output"]) + len(guest["output_end"])
assert kept == 1 << 20, kept
assert guest["output_lost_bytes"] == 100000033 - kept, guest["output_lost_bytes"]
run, size = load("forks_what_there_is")
children = run["metrics"][0]["value"]
assert 100 < children < 400, children
assert run["left_processes"] == children, run["left_processes"]
run, size = load("forges_badly")
assert "checksum" in run["guest"]["wire_error"], run["guest"]
END

if [ "${KTSTR_TEST_ALL-}" ]; then
	run 0 -k forks_10000
	tells forks_10000 'pass forks_10000 ' \
		'it left 10000 processes running, which were ended'
	cat out
fi

if [ "$failures" -gt 0 ]; then
	echo "$failures checks failed"
	exit 1
fi
echo "all is as it should be"
