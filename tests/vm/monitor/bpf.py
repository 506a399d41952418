# SPDX-License-Identifier: GPL-2.0-only
"""Compares ./maps.json, ./programs.json and ./map-NAME.json with ./said."""
import json
import re

said = {"map": {}}
verified = {}
for line in open("said"):
    kind, rest = line.rstrip("\n").split(" ", 1)
    if kind == "map":
        number, text = rest.split(" ", 1)
        said["map"][int(number)] = json.loads(text) if text else None
    elif kind == "program":
        program = int(rest)
    elif kind == "verified":
        verified[program] = int(rest)
    else:
        said[kind] = json.loads(rest)


def plain(value):
    """bpftool's form: bit fields and pointers in hex, unnamed parts by a name."""
    if isinstance(value, str):
        if value == "(nil)":
            return 0
        return int(value, 16) if re.fullmatch("0x[0-9a-f]+", value) else value
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    if isinstance(value, dict):
        whole = {}
        for key, entry in value.items():
            if key == "":
                whole.update(plain(entry))
            else:
                whole[key] = plain(entry)
        return whole
    return value


def section(value):
    """{".bss": [{"a": 1}, {"b": 2}]}, as bpftool has it."""
    whole = {}
    for variable in next(iter(value.values())):
        whole.update(variable)
    return whole


# Maps and programs that bpftool itself had, and which ended with it.
maps = {m["id"]: m for m in json.load(open("maps.json"))}
theirs = {m["id"]: m for m in said["maps"]}
assert maps and not set(maps) - set(theirs), (maps, theirs)
assert all(re.match("pid_iter|libbpf_", theirs[i].get("name", "")) for i in set(theirs) - set(maps)), theirs
for i, m in maps.items():
    other = theirs[i]
    seen = (m["type"], m["name"], m["key_size"], m["value_size"], m["max_entries"], m["flags"])
    want = (other["type"], other["name"], other["bytes_key"], other["bytes_value"],
            other["max_entries"], other["flags"])
    assert seen == want, (seen, want)
print(f"{len(maps)} maps are as bpftool says")

programs = {p["id"]: p for p in json.load(open("programs.json"))}
theirs = {p["id"]: p for p in said["programs"]}
assert not set(programs) - set(theirs), (programs, theirs)
counted = 0
for i, p in programs.items():
    other = theirs[i]
    seen = (p["type"], p["name"], p["instructions"] * 8, p["jited_bytes"])
    want = (other["type"], other["name"], other["bytes_xlated"], other["bytes_jited"])
    # bpftool completes a name out of its BTF.
    assert seen[0] == want[0] and want[1].startswith(seen[1]) and seen[2:] == want[2:], (seen, want)
    assert p["run_count"] == other.get("run_cnt", 0), (p, other)
    assert p["run_time_ns"] == other.get("run_time_ns", 0), (p, other)
    counted += p["run_count"] > 0
assert counted >= 2, programs
assert len(verified) >= 5, verified
for i, instructions in verified.items():
    assert programs[i]["verified"] == instructions > 0, (programs[i], instructions)
print(f"{len(programs)} programs are as bpftool says, {counted} of them with their cost, "
      f"{len(verified)} with the instructions that were verified")


def compare(name, ours, dumped):
    entries = {}
    for whole in dumped:
        # The key of a section of variables has no type.
        entry = {"key": plain(whole["key"][0]) if "key" in whole else 0} | whole["formatted"]
        value = entry["value"] if "value" in entry else [by["value"] for by in entry["values"]]
        entries[entry["key"]] = plain(section(value) if name.startswith(".") else value)
    seen = {entry["key"]: plain(entry.get("by_cpu", entry.get("value"))) for entry in ours}
    assert len(seen) == len(ours)
    for key in set(seen) | set(entries):
        assert seen.get(key) == entries.get(key), (name, key, seen.get(key), entries.get(key))
    return len(seen)


for name in (".bss", ".rodata", "settings", "tasks_seen", "tasks_recent", "cpus_seen", "kinds_seen"):
    ours = json.load(open(f"map-{name}.json"))
    number = next(i for i, m in maps.items() if m["name"].endswith(name))
    n = compare(name, ours, said["map"][number])
    print(f"map {name}: {n} entries are as bpftool says")
    assert n >= (10 if name in ("tasks_seen", "tasks_recent") else 1), (name, ours)
bss = json.load(open("map-.bss.json"))[0]["value"]
assert bss["crash"] == 1 and bss["counters"]["n_enqueue"] > 0 and bss["exit_kind"] >= 1024, bss
