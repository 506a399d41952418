# SPDX-License-Identifier: GPL-2.0-only
# In the guest: says by the kernel's own interfaces what maps and programs there
# are and what they hold. The scheduler has been thrown out then, and its process
# stays, so that nothing of it changes any more.
set -e
cd /include-files
echo 1 >/proc/sys/kernel/bpf_stats_enabled
./scx_ktstr --crash=1 --after=3 --linger >/tmp/log 2>&1 &
scheduler=$!
for i in $(seq 600); do
	dmesg | grep -q '"ktstr" disabled' && break
	usleep 100000
done
cat /tmp/log >&2
echo "maps $(bpftool -j map show)"
echo "programs $(bpftool -j prog show)"
for id in $(bpftool map show | sed -n 's/^\([0-9]*\): .*/\1/p'); do
	# One of bpftool's own is gone by now, and some kinds cannot be dumped.
	echo "map $id $(bpftool -j map dump id "$id" 2>/dev/null)"
done
# Pinned, they outlive their process, which ends with this command.
mount -t bpf bpf /sys/fs/bpf
for kind in map prog; do
	for id in $(bpftool $kind show | sed -n 's/^\([0-9]*\): .*/\1/p'); do
		bpftool $kind pin id "$id" "/sys/fs/bpf/$kind-$id" 2>/dev/null || true
	done
done
for fd in /proc/$scheduler/fdinfo/*; do
	sed -n 's/^verified_insns:[^0-9]*/verified /p; s/^prog_id:[^0-9]*/program /p' "$fd"
done
