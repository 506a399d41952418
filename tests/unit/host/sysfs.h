/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Machines as files: what the kernel tells of CPUs, caches and nodes in /sys,
 * written below a directory of the test, which hwloc then takes for the root
 * (HWLOC_FSROOT). A captured machine comes from a text of lines "PATH CONTENT".
 */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bitmap.h"
#include "base/cpulist.h"
#include "base/fd.h"
#include "test.h"

#define SYSFS_NONE     UINT32_MAX
#define SYSFS_CPUS_MAX 256
#define SYSFS_NODE_MAX 16
#define SYSFS_CPU_DIR  "sys/devices/system/cpu"
#define SYSFS_NODE_DIR "sys/devices/system/node"
#define SYSFS_CGROUP   "sys/fs/cgroup/box"

/* Numbers that say who is together with whom; SYSFS_NONE: no such cache. */
struct sysfs_cpu {
	uint32_t package;
	uint32_t core;
	uint32_t l2;
	uint32_t l3;
	uint32_t node;
	bool offline;
};

struct sysfs_machine {
	struct sysfs_cpu cpus[SYSFS_CPUS_MAX]; /* by the kernel's number */
	uint32_t n_cpus;
	uint32_t n_nodes; /* 0: the kernel knows no nodes */
	uint32_t distances[SYSFS_NODE_MAX][SYSFS_NODE_MAX]; /* 0: untold */
	const char *cgroup_cpus; /* what our control group has; NULL: no group */
};

static inline void sysfs_put(const char *root, const char *path, const char *text)
{
	_cleanup_free_ char *file = kt_path_join(root, path);
	_cleanup_free_ char *directory = NULL;
	FILE *out;

	assert_non_null(file);
	/* There are thousands of them, and few directories. */
	out = fopen(file, "we");
	if (!out) {
		directory = strdup(file);
		assert_non_null(directory);
		*strrchr(directory, '/') = '\0';
		assert_int_equal(kt_mkdir_p(directory, 0700), 0);
		out = fopen(file, "we");
	}
	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

__attribute__((format(printf, 3, 4))) static inline void sysfs_putf(
	const char *root, const char *text, const char *fmt, ...)
{
	char path[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	sysfs_put(root, path, text);
}

/* As the kernel writes sets: words of 32 bits, the last CPUs first. */
static inline void sysfs_mask(struct kt_strbuf *sb, const struct kt_bitmap *set)
{
	for (uint32_t word = SYSFS_CPUS_MAX / 32; word-- > 0;) {
		uint32_t bits = 0;

		for (uint32_t i = 0; i < 32; i++)
			bits |= (uint32_t)kt_bitmap_test(set, word * 32 + i) << i;
		kt_strbuf_addf(sb, "%08x%s", bits, word ? "," : "\n");
	}
}

/* The online CPUs whose number at `offset` is that of `cpu`. */
static inline void sysfs_put_peers(const char *root,
				   const struct sysfs_machine *m, uint32_t cpu,
				   size_t offset, const char *name)
{
	_cleanup_bitmap_ struct kt_bitmap set = { 0 };
	_cleanup_strbuf_ struct kt_strbuf mask = { 0 };
	uint32_t ours = *(const uint32_t *)((const char *)&m->cpus[cpu] + offset);

	for (uint32_t i = 0; i < m->n_cpus; i++) {
		const char *at = (const char *)&m->cpus[i] + offset;

		if (*(const uint32_t *)at == ours && !m->cpus[i].offline &&
		    m->cpus[i].package == m->cpus[cpu].package)
			assert_int_equal(kt_bitmap_set(&set, i), 0);
	}
	sysfs_mask(&mask, &set);
	sysfs_putf(root, kt_strbuf_text(&mask), SYSFS_CPU_DIR "/cpu%u/%s", cpu,
		   name);
}

static inline void sysfs_put_cache(const char *root,
				   const struct sysfs_machine *m, uint32_t cpu,
				   uint32_t index, uint32_t level, size_t offset)
{
	char name[64];

	snprintf(name, sizeof(name), "cache/index%u/shared_cpu_map", index);
	sysfs_put_peers(root, m, cpu, offset, name);
	snprintf(name, sizeof(name), "%u\n", level);
	sysfs_putf(root, name, SYSFS_CPU_DIR "/cpu%u/cache/index%u/level", cpu,
		   index);
	sysfs_putf(root, level == 1 ? "Data\n" : "Unified\n",
		   SYSFS_CPU_DIR "/cpu%u/cache/index%u/type", cpu, index);
	snprintf(name, sizeof(name), "%uK\n", 32u << 4 * (level - 1));
	sysfs_putf(root, name, SYSFS_CPU_DIR "/cpu%u/cache/index%u/size", cpu,
		   index);
}

static inline void sysfs_put_cpu(const char *root,
				 const struct sysfs_machine *m, uint32_t cpu)
{
	const struct sysfs_cpu *c = &m->cpus[cpu];
	uint32_t index = 0;
	char text[32];

	sysfs_putf(root, c->offline ? "0\n" : "1\n",
		   SYSFS_CPU_DIR "/cpu%u/online", cpu);
	if (c->offline)
		return;
	snprintf(text, sizeof(text), "%u\n", c->core);
	sysfs_putf(root, text, SYSFS_CPU_DIR "/cpu%u/topology/core_id", cpu);
	snprintf(text, sizeof(text), "%u\n", c->package);
	sysfs_putf(root, text,
		   SYSFS_CPU_DIR "/cpu%u/topology/physical_package_id", cpu);
	sysfs_put_peers(root, m, cpu, offsetof(struct sysfs_cpu, core),
			"topology/core_cpus");
	sysfs_put_peers(root, m, cpu, offsetof(struct sysfs_cpu, package),
			"topology/package_cpus");
	if (c->l2 != SYSFS_NONE)
		sysfs_put_cache(root, m, cpu, index++, 2,
				offsetof(struct sysfs_cpu, l2));
	if (c->l3 != SYSFS_NONE)
		sysfs_put_cache(root, m, cpu, index++, 3,
				offsetof(struct sysfs_cpu, l3));
}

static inline void sysfs_put_node(const char *root,
				  const struct sysfs_machine *m, uint32_t node)
{
	_cleanup_strbuf_ struct kt_strbuf mask = { 0 }, distances = { 0 };
	_cleanup_bitmap_ struct kt_bitmap set = { 0 };
	char memory[128];

	for (uint32_t i = 0; i < m->n_cpus; i++) {
		if (m->cpus[i].node == node && !m->cpus[i].offline)
			assert_int_equal(kt_bitmap_set(&set, i), 0);
	}
	sysfs_mask(&mask, &set);
	sysfs_putf(root, kt_strbuf_text(&mask), SYSFS_NODE_DIR "/node%u/cpumap",
		   node);
	snprintf(memory, sizeof(memory), "Node %u MemTotal:     8388608 kB\n",
		 node);
	sysfs_putf(root, memory, SYSFS_NODE_DIR "/node%u/meminfo", node);
	for (uint32_t i = 0; i < m->n_nodes; i++)
		kt_strbuf_addf(&distances, "%u%s", m->distances[node][i],
			       i + 1 < m->n_nodes ? " " : "\n");
	if (m->distances[node][node])
		sysfs_putf(root, kt_strbuf_text(&distances),
			   SYSFS_NODE_DIR "/node%u/distance", node);
}

static inline void sysfs_write(const char *root, const struct sysfs_machine *m)
{
	_cleanup_strbuf_ struct kt_strbuf online = { 0 };
	_cleanup_bitmap_ struct kt_bitmap set = { 0 };
	char text[32];

	for (uint32_t i = 0; i < m->n_cpus; i++) {
		if (!m->cpus[i].offline)
			assert_int_equal(kt_bitmap_set(&set, i), 0);
		sysfs_put_cpu(root, m, i);
	}
	kt_cpulist_print(&online, &set);
	sysfs_put(root, SYSFS_CPU_DIR "/online", kt_strbuf_text(&online));
	snprintf(text, sizeof(text), "0-%u\n", m->n_cpus - 1);
	sysfs_put(root, SYSFS_CPU_DIR "/possible", text);
	sysfs_put(root, SYSFS_CPU_DIR "/present", text);
	for (uint32_t i = 0; i < m->n_nodes; i++)
		sysfs_put_node(root, m, i);
	if (m->n_nodes) {
		snprintf(text, sizeof(text), "0-%u\n", m->n_nodes - 1);
		sysfs_put(root, SYSFS_NODE_DIR "/online", text);
	}
	sysfs_put(root, "proc/meminfo", "MemTotal:     8388608 kB\n");
	sysfs_put(root, "proc/cpuinfo", "");
	if (m->cgroup_cpus) {
		sysfs_put(root, "proc/mounts",
			  "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n");
		sysfs_put(root, "proc/self/cgroup", "0::/box\n");
		sysfs_put(root, "sys/fs/cgroup/cgroup.controllers", "cpuset\n");
		sysfs_put(root, SYSFS_CGROUP "/cgroup.controllers", "cpuset\n");
		sysfs_put(root, SYSFS_CGROUP "/cpuset.cpus.effective",
			  m->cgroup_cpus);
		sysfs_put(root, SYSFS_CGROUP "/cpuset.mems.effective", "0\n");
	}
}

/* From lines "PATH CONTENT", as tests/unit/host/captured has them. */
static inline void sysfs_unpack(const char *root, const char *captured)
{
	_cleanup_free_ char *text = NULL;
	char *line, *rest;

	assert_int_equal(kt_read_file(captured, 1 << 20, &text, NULL), 0);
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		char *content = strchr(line, ' ');

		if (!content || *line == '#')
			continue;
		*content++ = '\0';
		sysfs_put(root, line, content);
	}
}
