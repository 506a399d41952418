#!/usr/bin/env bash
# Boots in a row over all shapes of up to 8 vCPUs, and counts every failure by
# its message. One boot is one `ktstr shell --exec` whose answer is compared
# with the declaration.
#
# usage: boots.sh KTSTR [TIMES [KERNEL...]]
set -euo pipefail

ktstr=$1
times=${2:-200}
shift $(($# < 2 ? $# : 2))
kernels=("$@")
[ ${#kernels[@]} -gt 0 ] || kernels=(7.3 6.18 6.12)
shapes=(1n1l1c1t:1 1n2l2c2t:8 2n4l2c1t:8 '2n(2l,256M)(0l,128M)2c1t;d=10,17,17,10:4')

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
good=0
for ((i = 0; i < times; i++)); do
	entry=${shapes[i % ${#shapes[@]}]}
	shape=${entry%:*} cpus=${entry##*:}
	kernel=${kernels[i / ${#shapes[@]} % ${#kernels[@]}]}
	status=0
	answer=$("$ktstr" shell --kernel "$kernel" --topology "$shape" \
		--timeout 120 --exec 'nproc; exit 7' \
		</dev/null 2>"$work/errors") || status=$?
	if [ "$status" = 7 ] && [ "$answer" = "$cpus" ]; then
		good=$((good + 1))
	else
		printf '%s: %s: status %s, answer "%s": %s\n' "$kernel" "$shape" \
			"$status" "$answer" "$(head -c 300 "$work/errors" | tr '\n' ' ')" |
			tee -a "$work/failures" >&2
	fi
	# The nest says so when it starts its machine anew.
	grep -h 'emulated machine' "$work/errors" >>"$work/notices" || true
done
echo "== $good of $times boots good"
if [ -s "$work/notices" ]; then
	echo "== notices of the emulated machine"
	sort "$work/notices" | uniq -c | sort -rn
fi
if [ -s "$work/failures" ]; then
	echo "== failures"
	cat "$work/failures"
	exit 1
fi
