#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Devices that tests declare, and what their sidecars tell of them.
#
# usage: cases.sh KTSTR CASES
set -euo pipefail

ktstr=$(realpath "$1")
cases=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export KTSTR_RUN_DIR=$work/runs

command -v fio >/dev/null || {
	echo "there is no fio; scripts/prepare installs it"
	exit 77
}
"$ktstr" test "$cases" --kernel 7.3 </dev/null
python3 - "$work/runs" <<'END'
import glob, json, sys

def sidecar(name):
    path, = glob.glob(f"{sys.argv[1]}/**/{name}.ktstr.json", recursive=True)
    return json.load(open(path))

disk = sidecar("verifies")["disk"]
print(disk)
assert disk["writes"] >= 128 and disk["written_bytes"] >= 128 * 4096, disk
assert disk["reads"] >= 128 and disk["flushes"] >= 7, disk
assert disk["errors"] == 0 and disk["unsupported"] == 0, disk
network = sidecar("echoes")["network"]
print(network)
assert network["sent"] >= 200, network
assert network["received"] == network["sent"], network
assert network["received_bytes"] == network["sent_bytes"], network
dropped = {k: v for k, v in network.items() if k.startswith("dropped")}
assert len(dropped) == 5 and not any(dropped.values()), dropped
neither = sidecar("has_neither")
assert "disk" not in neither and "network" not in neither, neither
END
