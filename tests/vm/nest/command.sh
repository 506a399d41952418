#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What a command inside the emulated machine has of its caller: command.sh NEST_RUN
. "$(dirname "$0")/common.sh"

# Commands look for what others left, so that all must go to the same machine.
export KTSTR_NEST_MACHINES=1

# Statuses
nest true
is "a success is handed back" $? 0
nest sh -c 'exit 42'
is "an exit status is handed back" $? 42
# The command's shell is the one to expand these, here and below.
# shellcheck disable=SC2016
nest sh -c 'kill -SEGV $$'
is "death by a signal is handed back" $? 139
nest /nonexistent/program 2>"$work/err"
is "a program that is not there gives 127" $? 127
holds "and is named" "$(cat "$work/err")" "cannot run /nonexistent/program"

# Streams
is "standard input ends" "$(printf abc | nest wc -c)" 3
is "no standard input is no trouble" "$(nest wc -c </dev/null)" 0
nest sh -c 'echo out; echo err >&2' >"$work/out" 2>"$work/err"
is "output comes alone" "$(cat "$work/out")" out
is "errors come alone" "$(cat "$work/err")" err
head -c 3000000 /dev/urandom >"$work/blob"
nest cat <"$work/blob" | cmp - "$work/blob"
is "three million bytes go there and come back" $? 0
is "a reader that goes away ends the command" \
	"$(nest yes | head -n 1)" y
# As ktstr itself does: the write's error is all that it has to go by.
# shellcheck disable=SC2016
is "even one that ignores SIGPIPE" \
	"$(nest sh -c 'trap "" PIPE; yes 2>/dev/null; echo "over $?" >&2' 2>"$work/err" |
		head -n 1; cat "$work/err")" "y
over 1"

# A reader that begins when the command has ended: both windows are full by then,
# and what it takes is granted to a command that is no more.
late_count() {
	until_true 100 test -e "$work/ended"
	nest true </dev/null
	wc -l
}
rm -f "$work/ended"
lines=$(nest sh -c "seq 45000; seq 45000 >&2; touch $work/ended; exit 5" 2>&1 | late_count)
is "a slow reader is told how the command ended" $? 5
is "and gets all that it wrote" "$lines" 90000
lines=$(nest sh -c "seq 60000; exit 6" | wc -l)
is "so does a reader that keeps up" "$?,$lines" 6,60000
nest yes 2>"$work/err" >/dev/full
is "a full disk is a failure" $? 121
holds "and told" "$(cat "$work/err")" "output could not be written: No space left"
timeout 100 "$nest_run" "" true <&- >&- 2>&-
is "closed streams are no trouble" $? 0

# Surroundings
cd "$work" || exit 1
is "the directory is the caller's" "$(nest pwd)" "$work"
is "the environment is the caller's" \
	"$(KTSTR_TEST_WORD='a b' nest sh -c 'echo "$KTSTR_TEST_WORD"')" 'a b'
is "it is marked as nested" "$(nest sh -c 'echo $KTSTR_NESTED')" 1
is "the user is the caller" "$(nest id -u)" "$(id -u)"
is "the mask is the caller's" "$(umask 0027 && nest sh -c umask)" 0027
is "there is a KVM to write to" "$(nest sh -c '[ -w /dev/kvm ] && echo yes')" yes

# Files
echo one >file
is "a host's file is seen" "$(nest cat file)" one
echo two >file
is "and its change at once" "$(nest cat file)" two
cp "$(type -P sleep)" program
# A rebuilt program, as a linker puts it in the old one's place.
nest sh -c './program 4 && echo "the old one ended well"' >"$work/out" &
nest_pid=$!
sleep 2
cp "$(type -P echo)" program.new && mv program.new program
wait $nest_pid
is "a program may be replaced under it" "$(cat "$work/out")" \
	"the old one ended well"
is "and what is started next is the new one" "$(nest ./program new)" new
nest sh -c 'mkdir d; echo made > d/a; mv d/a d/b; ln -s b d/link'
is "files made inside are the host's" "$(cat d/link)" made
is "locks have a file system of their own" \
	"$(nest sh -c 'stat -f -c %T "$KTSTR_LOCK_DIR"')" tmpfs

# Signals
for signal in INT TERM HUP QUIT; do
	# The last round's "up" must not be taken for this one's.
	rm -f "$work/out"
	# shellcheck disable=SC2064
	"$nest_run" "" sh -c "trap 'exit 33' $signal; echo up; while :; do sleep 0.1; done" \
		>"$work/out" &
	nest_pid=$!
	until_true 100 grep -qs up "$work/out"
	kill -$signal $nest_pid
	wait $nest_pid
	is "SIG$signal reaches the command" $? 33
done

# The reader holds its end open and takes nothing: the signal comes through all
# the same, and what was written before it is still there to be read.
mkfifo "$work/pipe"
exec 8<>"$work/pipe"
rm -f "$work/up" "$work/caught"
"$nest_run" "" sh -c "trap 'touch $work/caught; exit 34' TERM
	seq 30000; touch $work/up; seq 30000; while :; do sleep 0.1; done" >&8 8>&- &
nest_pid=$!
# More than the pipe holds has left the machine, so that the client is stuck.
stuck() {
	[ -e "$work/up" ] &&
		[ "$(sed -n 's/^wchar: //p' "/proc/$nest_pid/io")" -ge 65536 ]
}
until_true 100 stuck
is "a client stuck at its reader is there" $? 0
kill -TERM $nest_pid
until_true 20 test -e "$work/caught"
is "a signal passes a reader that does not read" $? 0
cat "$work/pipe" >"$work/out" 8>&- &
cat_pid=$!
exec 8>&-
wait $nest_pid
is "which then gets the command's status" $? 34
wait $cat_pid
is "and its output to the end" "$(head -n 30000 "$work/out" | tail -n 1)" 30000

# Stops and goes on as the command does.
state_of() { sed 's/.*) //; s/ .*//' "/proc/$1/stat"; }
is_in_state() { [ "$(state_of "$1")" = "$2" ]; }
# shellcheck disable=SC2016
state_inside() {
	nest sh -c 'for p in /proc/[0-9]*; do
		[ "$(tr "\\0" " " <$p/cmdline)" = "sleep 4712 " ] &&
			sed "s/.*) //; s/ .*//" $p/stat; done 2>/dev/null'
}
sleeps() { [ "$(state_inside)" = S ]; }
"$nest_run" "" sleep 4712 &
nest_pid=$!
until_true 100 sleeps
kill -TSTP $nest_pid
until_true 20 is_in_state $nest_pid T
is "SIGTSTP stops the client" $? 0
is "when it has stopped the command" "$(state_inside)" T
kill -CONT $nest_pid
until_true 20 sleeps
is "SIGCONT lets the command go on" $? 0
is "and the client" "$(state_of $nest_pid)" S
kill -TERM $nest_pid
wait $nest_pid
is "which then ends as the command does" $? 143
rm -f "$work/out"
"$nest_run" "" sh -c "trap 'exit 35' TSTP; echo up; while :; do sleep 0.1; done" >"$work/out" &
nest_pid=$!
until_true 100 grep -qs up "$work/out"
kill -TSTP $nest_pid
wait $nest_pid
is "a command may have a way of its own with SIGTSTP" $? 35

# A client that is killed takes its command along, and what that started.
rm -f "$work/out"
"$nest_run" "" sh -c 'sleep 4711 & setsid sleep 4711 & echo up; wait' >"$work/out" &
nest_pid=$!
until_true 100 grep -qs up "$work/out"
kill -KILL $nest_pid
wait $nest_pid 2>/dev/null
gone() { [ "$(nest sh -c 'cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\0" " " | grep -c "sleep 471[1]"')" = 0 ]; }
until_true 60 gone
is "a killed client leaves nothing inside" $? 0

# Two at once, each with its own streams.
nest sh -c 'cat; echo first' <<<one >"$work/a" &
nest sh -c 'cat; echo second' <<<two >"$work/b"
wait $!
is "two commands at once keep apart" "$(cat "$work/a" "$work/b" | tr '\n' ' ')" \
	"one first two second "

cd / && finish
