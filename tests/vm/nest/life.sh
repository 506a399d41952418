#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# How emulated machines come, go, hang and die: life.sh NEST_RUN
. "$(dirname "$0")/common.sh"

# Machines of this test's own, that nobody else joins, one at a time.
export KTSTR_NEST_DIR=$work/place KTSTR_NEST_MACHINES=1
unset XDG_RUNTIME_DIR

# Its own boot hangs once: one fresh start, said and counted; then two commands
# that came at the same time run in one machine, since there may be no other.
export KTSTR_NEST_TEST=hang KTSTR_NEST_BOOT_S=20 KTSTR_NEST_IDLE_S=8
nest sh -c 'cat /proc/sys/kernel/random/boot_id' >"$work/a" 2>"$work/err" &
nest sh -c 'cat /proc/sys/kernel/random/boot_id' >"$work/b" 2>"$work/err2"
wait $!
is "its supervisor has a title of its own" \
	"$(tr '\0' '\n' <"/proc/$(supervisors)/cmdline" | sed "s,/nest-.*,,")" \
	"ktstr-nest: supervisor of $KTSTR_NEST_DIR"
unset KTSTR_NEST_TEST KTSTR_NEST_BOOT_S
holds "a hang in the machine's boot is told" "$(cat "$work/err" "$work/err2")" \
	"gave no sign of life for 20 s in its own boot"
holds "and counted" "$(cat "$work/err" "$work/err2")" "fresh start 1 of 3"
is "two commands that start at once share a machine" \
	"$(cat "$work/a")" "$(cat "$work/b")"
is "which is one" "$(wc -c <"$work/a")" 37

until_true 60 nothing_runs
is "it switches itself off when nobody comes" $? 0
is "and leaves no file" "$(ls "$KTSTR_NEST_DIR")" ""

# There is no emulator: told to who asked, at once.
mkdir "$work/empty"
PATH=$work/empty "$nest_run" "" true 2>"$work/err"
is "a machine that cannot be started fails its client" $? 121
holds "which says why" "$(cat "$work/err")" "cannot start qemu-system-x86_64: No such file"
until_true 20 nothing_runs
is "and its supervisor ends" $? 0

# The supervisor is killed under a command.
export KTSTR_NEST_IDLE_S=60
nest sh -c 'echo up; sleep 200' >"$work/out" 2>"$work/err" &
client=$!
until_true 280 grep -q up "$work/out"
kill -KILL "$(supervisors)"
wait $client
is "its client fails" $? 121
holds "and says why" "$(cat "$work/err")" "supervisor died while the command ran"
until_true 20 nothing_runs
is "no emulator is left" $? 0

# The emulator stands still under a command, which is not run again. The bound
# leaves a busy host room between two signs of life, which are 5 s apart.
export KTSTR_NEST_ANSWER_S=30
nest sh -c "echo up >> $work/ups; sleep 200" 2>"$work/err" &
client=$!
until_true 280 test -s "$work/ups"
kill -STOP "$(emulators)"
wait $client
is "a machine that hangs fails its client" $? 121
holds "which says so" "$(cat "$work/err")" \
	"gave no sign of life for 30 s while the command ran"
until_true 20 nothing_runs
is "and is ended" $? 0
is "the command ran once" "$(cat "$work/ups")" up
unset KTSTR_NEST_ANSWER_S

# A machine of another shape.
shape=cpus=4,sockets=4,nodes=2,hugepages=64,distance=31
is "a declared shape is what the command sees" \
	"$(timeout 280 "$nest_run" $shape sh -c 'cd /sys/devices/system
		nproc; cat node/node0/distance node/node1/cpulist
		cat cpu/cpu0/cache/index3/shared_cpu_list
		cat node/node*/hugepages/hugepages-2048kB/nr_hugepages' |
		tr '\n' ' ')" "4 10 31 2-3 0 32 32 "
kill -TERM "$(supervisors)"
until_true 20 nothing_runs
is "a supervisor that is told to end takes all along" $? 0

finish
