// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "check.h"

/* Lines of the kernel's log at level warning or worse that may be there. */
static const struct {
	const char *text;
	const char *reason;
} allowed_warnings[] = {
	{"PCI: Fatal: No config space access function found",
	 "the machine has no PCI bus, by design"},
	{"PCI: System does not support PCI",
	 "the machine has no PCI bus, by design"},
	{"amd_pstate: the _CPC object is not present in SBIOS",
	 "frequencies are the host's; a guest has no table of them"},
	{"hrtimer: interrupt took ",
	 "the emulated host took its time; says nothing of the guest"},
};

#define WARNING_LEVEL 4

void guest_script(const struct shape *shape, struct kt_strbuf *ret)
{
	for (size_t i = 0; i < shape->n_extra_cpus; i++)
		kt_strbuf_addf(
			ret, "echo 1 > /sys/devices/system/cpu/cpu%u/online\n",
			shape->extra_cpus[i]);
	kt_strbuf_add(
		ret,
		"cd /sys/devices/system\n"
		"echo '== facts'\n"
		"c='cpu/cpu[0-9]*'\n"
		"n='node/node[0-9]*'\n"
		"grep -s '' cpu/online cpu/present cpu/possible"
		" $c/topology/physical_package_id $c/topology/die_id"
		" $c/topology/core_id $c/topology/core_cpus_list"
		" $c/topology/thread_siblings_list $c/topology/die_cpus_list"
		" $c/topology/package_cpus_list $c/topology/core_siblings_list"
		" $c/cache/index*/level $c/cache/index*/type"
		" $c/cache/index*/shared_cpu_list"
		" $n/cpulist $n/distance $n/access*/initiators/*_latency"
		" $n/access*/initiators/*_bandwidth"
		" $n/memory_side_cache/index*/size"
		" $n/memory_side_cache/index*/line_size"
		" $n/memory_side_cache/index*/indexing"
		" $n/memory_side_cache/index*/write_policy\n"
		"for f in $n/access*/initiators/node*; do\n"
		"[ -d $f ] && echo $f:link\n"
		"done\n"
		"echo '== memory'\n"
		"grep -h MemTotal $n/meminfo\n"
		"echo '== dmesg'\n"
		"dmesg -r\n"
		"echo '== end'\n");
}

/* The text between the line "== NAME" and the next such line. */
static bool section(const char *output, const char *name, struct kt_strbuf *ret)
{
	_cleanup_strbuf_ struct kt_strbuf mark = {0};
	const char *start, *end;

	kt_strbuf_addf(&mark, "== %s\n", name);
	start = strstr(output, kt_strbuf_text(&mark));
	if (!start)
		return false;
	start += mark.length;
	end = strstr(start, "== ");
	while (end && end != start && end[-1] != '\n')
		end = strstr(end + 1, "== ");
	if (!end)
		return false;
	kt_strbuf_add_bytes(ret, start, (size_t)(end - start));
	return true;
}

/* One text's lines, in the order of strcmp(). */
struct lines {
	char *text;
	char **line;
	size_t n;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void lines_init(struct lines *lines, const char *text)
{
	*lines = (struct lines){.text = strdup(text)};
	lines->line = calloc(strlen(text) + 1, sizeof(*lines->line));
	if (!lines->text || !lines->line)
		abort();
	for (char *line = strtok(lines->text, "\n"); line;
	     line = strtok(NULL, "\n"))
		lines->line[lines->n++] = line;
	qsort(lines->line, lines->n, sizeof(*lines->line), by_text);
}

static void lines_deinit(struct lines *lines)
{
	free(lines->line);
	free(lines->text);
}

#define _cleanup_lines_ _cleanup_(lines_deinit)

/* Both texts must hold the same lines, in any order. */
static bool compare(const char *declared, const char *seen,
		    struct kt_strbuf *report)
{
	_cleanup_lines_ struct lines a, b;
	size_t i = 0, j = 0;
	bool same = true;

	lines_init(&a, declared);
	lines_init(&b, seen);
	while (i < a.n || j < b.n) {
		int order = i == a.n   ? 1
			    : j == b.n ? -1
				       : strcmp(a.line[i], b.line[j]);

		if (order < 0)
			kt_strbuf_addf(report, "declared, not seen: %s\n",
				       a.line[i]);
		if (order > 0)
			kt_strbuf_addf(report, "seen, not declared: %s\n",
				       b.line[j]);
		same &= order == 0;
		i += order <= 0;
		j += order >= 0;
	}
	return same;
}

/* A number behind `key` in a text. */
static bool number_after(const char *text, const char *key, uint64_t *ret)
{
	const char *at = strstr(text, key);
	char *end;

	if (!at)
		return false;
	at += strlen(key);
	*ret = strtoull(at, &end, 10);
	return end != at;
}

/*
 * MemTotal is what the kernel did not keep for itself before it handed memory
 * to its allocator. Every node pays 1/64 for its page structs, which come by
 * the 128 MiB, and 2 MiB of other structures, and 1 MiB for the per-CPU data
 * of each CPU. All nodes together keep no more than the kernel says it had
 * reserved, which is where the kernel's own image is.
 */
static bool check_memory(const struct shape *shape, const char *memory,
			 const char *dmesg, struct kt_strbuf *report)
{
	const uint64_t block = 128 * KT_MIB;
	uint64_t reserved_kib = 0, present_kib = 0, kept_sum = 0;
	uint64_t total_kib = (uint64_t)shape_memory_mib(shape) * 1024;
	const char *line = strstr(dmesg, "Memory: ");
	bool fine = true;

	/* "196888K/261748K available (..., 5136K bss, 59548K reserved, ..." */
	if (!line) {
		kt_strbuf_add(report, "no line \"Memory:\" in the log\n");
		return false;
	}
	if (!number_after(line, "K/", &present_kib) ||
	    !number_after(line, "bss, ", &reserved_kib) ||
	    present_kib > total_kib) {
		kt_strbuf_addf(report, "not understood: %.200s\n", line);
		return false;
	}
	reserved_kib += total_kib - present_kib;

	for (uint32_t i = 0; i < shape->n_nodes; i++) {
		const struct shape_node *n = &shape->nodes[i];
		uint64_t mib = n->memory_mib, seen_kib = 0, kept, most;
		char key[64];

		snprintf(key, sizeof(key), "Node %u MemTotal:", i);
		if (!number_after(memory, key, &seen_kib) ||
		    seen_kib > mib * 1024) {
			kt_strbuf_addf(report,
				       "node %u: declared %" PRIu64
				       " MiB, MemTotal is %" PRIu64 " KiB\n",
				       i, mib, seen_kib);
			fine = false;
			continue;
		}
		kept = mib * 1024 - seen_kib;
		kept_sum += kept;
		most = mib ? (KT_ALIGN_UP(mib * KT_MIB, block) + block) / 64 /
					       1024 +
				       (2 + n->llcs * shape->cores *
						    shape->threads) *
					       1024
			   : 0;
		/* The kernel's image is in the first node that has memory. */
		if (i == 0 || !shape->nodes[i - 1].memory_mib)
			most += reserved_kib;
		if (kept > most) {
			kt_strbuf_addf(report,
				       "node %u: the kernel keeps %" PRIu64
				       " KiB of %" PRIu64
				       " MiB, at most %" PRIu64
				       " are its own\n",
				       i, kept, mib, most);
			fine = false;
		}
	}
	if (kept_sum > reserved_kib) {
		kt_strbuf_addf(report,
			       "all nodes: %" PRIu64
			       " KiB are missing, the kernel had reserved "
			       "%" PRIu64 "\n",
			       kept_sum, reserved_kib);
		fine = false;
	}
	return fine;
}

/* "ACPI: SRAT: Node 0 PXM 0 [mem 0x00000000-0x0c7fffff]" */
static bool check_ranges(const struct shape *shape, const char *dmesg,
			 struct kt_strbuf *report)
{
	_cleanup_strbuf_ struct kt_strbuf declared = {0}, seen = {0};
	const char *const mark = "ACPI: SRAT: Node ";
	const char *at = dmesg;

	if (shape->n_nodes > 1)
		shape_memory_ranges(shape, &declared);
	while ((at = strstr(at, mark))) {
		unsigned int node, domain;
		uint64_t first, last;

		at += strlen(mark);
		if (sscanf(at, "%u PXM %u [mem 0x%" SCNx64 "-0x%" SCNx64 "]",
			   &node, &domain, &first, &last) != 4 ||
		    node != domain) {
			kt_strbuf_addf(report, "not understood: %.60s\n", at);
			return false;
		}
		kt_strbuf_addf(&seen, "%u 0x%08" PRIx64 "-0x%08" PRIx64 "\n",
			       node, first, last);
	}
	return compare(kt_strbuf_text(&declared), kt_strbuf_text(&seen), report);
}

static bool is_allowed(const char *line)
{
	for (size_t i = 0; i < KT_ARRAY_SIZE(allowed_warnings); i++) {
		if (strstr(line, allowed_warnings[i].text))
			return true;
	}
	return false;
}

/*
 * "<4>[    2.1]  #11": announce_cpu() continues a line of level info CPU by
 * CPU. Where another CPU's message comes between, what follows is a line of its
 * own, and for lack of a level it gets the default one, which is warning.
 */
static bool is_cut_announcement(const char *line)
{
	const char *text = strchr(line, ']');

	if (!text)
		return false;
	text += 1 + strspn(text + 1, " ");
	if (*text != '#')
		return false;
	return text[strspn(text, " #0123456789")] == '\0';
}

/* "<4>[    2.5] text": the kernel's own lines have facility 0. */
static bool check_warnings(const char *dmesg, struct kt_strbuf *report)
{
	_cleanup_lines_ struct lines lines;
	bool fine = true;

	lines_init(&lines, dmesg);
	if (!lines.n) {
		kt_strbuf_add(report, "the kernel's log is empty\n");
		return false;
	}
	for (size_t i = 0; i < lines.n; i++) {
		const char *line = lines.line[i];
		unsigned int priority;

		if (sscanf(line, "<%u>", &priority) != 1 ||
		    (priority & 7) > WARNING_LEVEL || is_allowed(line) ||
		    is_cut_announcement(line))
			continue;
		kt_strbuf_addf(report, "the kernel warns: %s\n", line);
		fine = false;
	}
	return fine;
}

bool check_output(const struct shape *shape, const char *output,
		  struct kt_strbuf *report)
{
	_cleanup_strbuf_ struct kt_strbuf facts = {0}, memory = {0},
					  dmesg = {0}, declared = {0};
	bool fine;

	if (!section(output, "facts", &facts) ||
	    !section(output, "memory", &memory) ||
	    !section(output, "dmesg", &dmesg)) {
		kt_strbuf_addf(report, "the guest's output is not whole:\n%s\n",
			       output);
		return false;
	}
	shape_facts(shape, &declared);
	fine = compare(kt_strbuf_text(&declared), kt_strbuf_text(&facts), report);
	fine &= check_ranges(shape, kt_strbuf_text(&dmesg), report);
	fine &= check_memory(shape, kt_strbuf_text(&memory),
			     kt_strbuf_text(&dmesg), report);
	fine &= check_warnings(kt_strbuf_text(&dmesg), report);
	return fine;
}
