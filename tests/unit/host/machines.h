/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* Shapes that real machines have, to be planned for. */

#include "host/host_topology.h"
#include "sysfs.h"

struct machine {
	const char *name;
	const char *about;
	const char *synthetic; /* hwloc's description, or one of the next */
	void (*fill)(struct sysfs_machine *m);
	const char *captured; /* below tests/unit/host/captured */
};

/* `threads` of a core lie `stride` apart, and are the next ones if it is 0. */
static inline void add_cores(struct sysfs_machine *m, uint32_t first,
			     uint32_t cores, uint32_t threads, uint32_t stride,
			     struct sysfs_cpu like)
{
	for (uint32_t i = 0; i < cores; i++) {
		for (uint32_t t = 0; t < threads; t++) {
			uint32_t cpu = stride ? first + i + t * stride :
						first + i * threads + t;

			m->cpus[cpu] = like;
			m->cpus[cpu].core = like.core + i;
			if (like.l2 != SYSFS_NONE)
				m->cpus[cpu].l2 = like.l2 + i;
			m->n_cpus = KT_MAX(m->n_cpus, cpu + 1);
		}
	}
}

/* Cores of which `per_l2` share an L2. */
static inline void add_clusters(struct sysfs_machine *m, uint32_t first,
				uint32_t cores, uint32_t per_l2,
				struct sysfs_cpu like)
{
	for (uint32_t i = 0; i < cores; i++) {
		struct sysfs_cpu one = like;

		one.core = like.core + i;
		one.l2 = like.l2 + i / per_l2;
		add_cores(m, first + i, 1, 1, 0, one);
	}
}

static void hybrid_12th(struct sysfs_machine *m)
{
	add_cores(m, 0, 6, 2, 0, (struct sysfs_cpu){ 0 });
	add_clusters(m, 12, 8, 4, (struct sysfs_cpu){ .core = 24, .l2 = 8 });
	m->n_nodes = 1;
	m->distances[0][0] = 10;
}

static void hybrid_low_power(struct sysfs_machine *m)
{
	add_cores(m, 0, 6, 2, 0, (struct sysfs_cpu){ 0 });
	add_clusters(m, 12, 8, 4, (struct sysfs_cpu){ .core = 24, .l2 = 8 });
	add_clusters(m, 20, 2, 2,
		     (struct sysfs_cpu){ .core = 64, .l2 = 16, .l3 = SYSFS_NONE });
	m->n_nodes = 1;
	m->distances[0][0] = 10;
}

/* Two packages of four nodes with two chiplets each. */
static void chiplets_nps4(struct sysfs_machine *m)
{
	for (uint32_t l3 = 0; l3 < 16; l3++)
		add_cores(m, l3 * 4, 4, 2, 64,
			  (struct sysfs_cpu){
				  .package = l3 / 8,
				  .core = l3 * 4,
				  .l2 = l3 * 4,
				  .l3 = l3,
				  .node = l3 / 2,
			  });
	m->n_nodes = 8;
	for (uint32_t from = 0; from < 8; from++) {
		for (uint32_t to = 0; to < 8; to++)
			m->distances[from][to] = from == to         ? 10 :
						 from / 4 == to / 4 ? 12 :
								      32;
	}
}

/* Even numbers on one package, odd ones on the other. */
static void two_packages_interleaved(struct sysfs_machine *m)
{
	for (uint32_t cpu = 0; cpu < 56; cpu++)
		m->cpus[cpu] = (struct sysfs_cpu){
			.package = cpu % 2,
			.core = cpu % 28 / 2,
			.l2 = cpu % 28,
			.l3 = cpu % 2,
			.node = cpu % 2,
		};
	m->n_cpus = 56;
	m->n_nodes = 2;
	for (uint32_t i = 0; i < 4; i++)
		m->distances[i / 2][i % 2] = i / 2 == i % 2 ? 10 : 21;
}

/* A package whose cores are split into two nodes, and its L3 is not. */
static void sub_numa(struct sysfs_machine *m)
{
	for (uint32_t half = 0; half < 4; half++)
		add_cores(m, half * 10, 10, 2, 40,
			  (struct sysfs_cpu){
				  .package = half / 2,
				  .core = half * 10,
				  .l2 = half * 10,
				  .l3 = half / 2,
				  .node = half,
			  });
	m->n_nodes = 4;
	for (uint32_t from = 0; from < 4; from++) {
		for (uint32_t to = 0; to < 4; to++)
			m->distances[from][to] = from == to         ? 10 :
						 from / 2 == to / 2 ? 11 :
								      21;
	}
}

static void threads_offline(struct sysfs_machine *m)
{
	add_cores(m, 0, 8, 2, 8, (struct sysfs_cpu){ 0 });
	for (uint32_t cpu = 8; cpu < 16; cpu++)
		m->cpus[cpu].offline = true;
	m->cpus[3].offline = true;
	m->n_nodes = 1;
	m->distances[0][0] = 10;
}

static void boxed(struct sysfs_machine *m)
{
	for (uint32_t l3 = 0; l3 < 4; l3++)
		add_cores(m, l3 * 4, 4, 1, 0,
			  (struct sysfs_cpu){
				  .core = l3 * 4, .l2 = l3 * 4, .l3 = l3 });
	m->n_nodes = 1;
	m->distances[0][0] = 10;
	m->cgroup_cpus = "2-9\n";
}

static void far_memory(struct sysfs_machine *m)
{
	for (uint32_t package = 0; package < 2; package++)
		add_cores(m, package * 4, 4, 1, 0,
			  (struct sysfs_cpu){
				  .package = package,
				  .core = package * 4,
				  .l2 = package * 4,
				  .l3 = package,
				  .node = package,
			  });
	m->n_nodes = 3;
	for (uint32_t i = 0; i < 9; i++)
		m->distances[i / 3][i % 3] = i / 3 == i % 3     ? 10 :
					     i / 3 + i % 3 == 1 ? 21 :
								  24;
}

/* No L3 and private L2s: every core is the whole domain of its cache. */
static void private_caches(struct sysfs_machine *m)
{
	add_cores(m, 0, 16, 1, 0, (struct sysfs_cpu){ .l3 = SYSFS_NONE });
	m->n_nodes = 1;
	m->distances[0][0] = 10;
}

static const struct machine machines[] = {
	{ "desktop-8core", "one chiplet of eight cores, threads eight apart",
	  "package:1 numa:1(memory=34359738368) l3:1 l2:8 core:1 "
	  "pu:2(indexes=0,8,1,9,2,10,3,11,4,12,5,13,6,14,7,15)" },
	{ "desktop-2chiplet", "two chiplets of eight cores",
	  "package:1 numa:1(memory=68719476736) l3:2 l2:8 core:1 "
	  "pu:2(indexes=0,16,1,17,2,18,3,19,4,20,5,21,6,22,7,23,8,24,9,25,"
	  "10,26,11,27,12,28,13,29,14,30,15,31)" },
	{ "laptop-4core", "four cores of two threads, side by side",
	  "package:1 numa:1(memory=17179869184) l3:1 l2:4 core:1 pu:2" },
	{ .name = "laptop-hybrid",
	  .about = "six large cores and eight small ones, one L3",
	  .fill = hybrid_12th },
	{ .name = "laptop-hybrid-low-power",
	  .about = "as laptop-hybrid, and two small cores outside of the L3",
	  .fill = hybrid_low_power },
	{ "server-1socket", "32 cores behind one L3",
	  "package:1 numa:1(memory=137438953472) l3:1 l2:32 core:1 pu:2" },
	{ .name = "server-2socket",
	  .about = "two packages of 14 cores, CPUs numbered in turn",
	  .fill = two_packages_interleaved },
	{ "server-4socket", "four packages of eight cores",
	  "package:4 numa:1(memory=34359738368) l3:1 l2:8 core:1 pu:2" },
	{ "chiplet-16llc", "one package of sixteen L3s, one node",
	  "package:1 numa:1(memory=274877906944) l3:16 l2:4 core:1 pu:2" },
	{ .name = "chiplet-nps4",
	  .about =
		  "two packages of eight chiplets of four cores, two to a node",
	  .fill = chiplets_nps4 },
	{ .name = "sub-numa",
	  .about = "two packages, each an L3 that spans two nodes",
	  .fill = sub_numa },
	{ .name = "far-memory",
	  .about = "two packages and a node of memory alone",
	  .fill = far_memory },
	{ .name = "arm-private-l2",
	  .about = "sixteen cores, no cache that two of them share",
	  .fill = private_caches },
	{ "arm-board", "four cores behind one L2",
	  "package:1 numa:1(memory=4294967296) l2:1 core:4 pu:1" },
	{ .name = "cloud-2cpu",
	  .about = "two CPUs, and nothing told of caches",
	  .captured = "cloud-2cpu.txt" },
	{ .name = "threads-offline",
	  .about =
		  "eight cores, without their second threads and without CPU 3",
	  .fill = threads_offline },
	{ .name = "boxed",
	  .about = "four L3s of four CPUs, in a control group of CPUs 2-9",
	  .fill = boxed },
	{ "emulated-1x2", "one L3 of two CPUs", "package:1 l3:1 core:2 pu:1" },
	{ "emulated-2x4", "two L3s of four CPUs", "package:2 l3:1 core:4 pu:1" },
	{ "emulated-2x2x2", "two nodes of two L3s of two CPUs",
	  "numa:2 l3:2 core:2 pu:1" },
	{ "emulated-8x1", "eight L3s of one CPU", "package:1 l3:8 core:1 pu:1" },
};

static inline struct kt_host_topology *read_machine(const struct machine *m)
{
	char root[] = "/tmp/ktstr-host-XXXXXX";
	struct kt_host_topology *host = NULL;
	struct ktstr_error err = { 0 };

	if (m->synthetic) {
		setenv("HWLOC_SYNTHETIC", m->synthetic, 1);
	} else {
		struct sysfs_machine *files = calloc(1, sizeof(*files));

		assert_non_null(files);
		assert_non_null(mkdtemp(root));
		if (m->fill) {
			m->fill(files);
			sysfs_write(root, files);
		} else {
			_cleanup_free_ char *path = kt_path_join(
				KTSTR_SOURCE_ROOT "/tests/unit/host/captured",
				m->captured);

			assert_non_null(path);
			sysfs_unpack(root, path);
		}
		free(files);
		setenv("HWLOC_FSROOT", root, 1);
	}
	if (kt_host_topology_read_whole(&host, &err) < 0)
		fail_msg("%s: %s", m->name, err.message);
	unsetenv("HWLOC_SYNTHETIC");
	unsetenv("HWLOC_FSROOT");
	if (!m->synthetic)
		assert_int_equal(kt_remove_tree(root), 0);
	return host;
}

static inline struct kt_host_topology *read_machine_named(const char *name)
{
	for (size_t i = 0; i < KT_ARRAY_SIZE(machines); i++) {
		if (strcmp(machines[i].name, name) == 0)
			return read_machine(&machines[i]);
	}
	fail_msg("there is no machine %s", name);
	return NULL;
}
