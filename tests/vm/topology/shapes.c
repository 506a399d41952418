// SPDX-License-Identifier: GPL-2.0-only
#include "base/macro.h"
#include "shape.h"

/* What a node has that says nothing of its memory's speed. */
#define NODE(llcs_, mib)                                                       \
	{                                                                      \
		.llcs = (llcs_), .memory_mib = (mib), .latency_ns = 100,       \
		.bandwidth_mbs = 51200                                         \
	}

static const uint8_t three_distances[] = {10, 17, 21, 17, 10, 28, 21, 28, 10};
static const uint8_t front_distances[] = {10, 40, 30, 40, 10, 12, 30, 12, 10};
static const uint32_t last_of_252[] = {19, 251};

const struct shape shapes[] = {
	{
		.name = "one",
		.text = "1n1l1c1t",
		.cores = 1,
		.threads = 1,
		.n_nodes = 1,
		.nodes = {NODE(1, 256)},
	},
	{
		.name = "smt",
		.text = "1n2l2c2t",
		.cores = 2,
		.threads = 2,
		.n_nodes = 1,
		.nodes = {NODE(2, 256)},
	},
	{
		.name = "odd",
		.text = "1n3l3c1t",
		.cores = 3,
		.threads = 1,
		.n_nodes = 1,
		.nodes = {NODE(3, 256)},
	},
	{
		.name = "numa",
		.text = "2n4l2c1t",
		.cores = 2,
		.threads = 1,
		.n_nodes = 2,
		.nodes = {NODE(2, 256), NODE(2, 256)},
	},
	{
		/* Memory only in the middle, odd cores, a cache of each kind */
		.name = "memory-only",
		.text = "3n(1l,200M)(0l,64M,lat=350,bw=12345,"
			"cache=64M/direct/wt/128)(1l,136M,cache=1G)3c1t"
			";d=10,17,21,17,10,28,21,28,10",
		.cores = 3,
		.threads = 1,
		.n_nodes = 3,
		.nodes =
			{
				NODE(1, 200),
				{
					.memory_mib = 64,
					.latency_ns = 350,
					.bandwidth_mbs = 12345,
					.cache_bytes = 64 << 20,
					.cache_line = 128,
					.cache_indexing = 0,
					.cache_policy = 1,
				},
				{
					.llcs = 1,
					.memory_mib = 136,
					.latency_ns = 100,
					.bandwidth_mbs = 51200,
					.cache_bytes = 1 << 30,
					.cache_indexing = 2,
					.cache_policy = 2,
				},
			},
		.distances = three_distances,
	},
	{
		.name = "four",
		.text = "1n4l4c1t",
		.cores = 4,
		.threads = 1,
		.n_nodes = 1,
		.nodes = {NODE(4, 512)},
	},
	{
		/* The leaves of the other vendor than the test host's. */
		.name = "intel",
		.text = "1n2l3c2t",
		.cores = 3,
		.threads = 2,
		.n_nodes = 1,
		.nodes = {NODE(2, 256)},
		.vendor = "intel",
	},
	{
		/*
		 * Node 0 is memory only, node 1 has CPUs and no memory; node 2
		 * lies on both sides of the hole below 4 GiB.
		 */
		.name = "hole",
		.text = "3n(0l,256M,lat=200,bw=300000)(1l,0M)"
			"(1l,3G,bw=100000)1c1t;d=10,40,30,40,10,12,30,12,10",
		.cores = 1,
		.threads = 1,
		.n_nodes = 3,
		.nodes =
			{
				{
					.memory_mib = 256,
					.latency_ns = 200,
					.bandwidth_mbs = 300000,
				},
				NODE(1, 0),
				{
					.llcs = 1,
					.memory_mib = 3072,
					.latency_ns = 100,
					.bandwidth_mbs = 100000,
				},
			},
		.distances = front_distances,
	},
	{
		/*
		 * APIC ids up to 433, with the split irqchip. Only three CPUs
		 * come up: 252 would take minutes in an emulated machine.
		 */
		.name = "x2apic",
		.text = "1n14l9c2t",
		.cores = 9,
		.threads = 2,
		.n_nodes = 1,
		.nodes = {NODE(14, 512)},
		.cmdline = "maxcpus=1",
		.extra_cpus = last_of_252,
		.n_extra_cpus = KT_ARRAY_SIZE(last_of_252),
	},
	{
		.name = "many",
		.text = "1n4l8c2t",
		.cores = 8,
		.threads = 2,
		.n_nodes = 1,
		.nodes = {NODE(4, 2048)},
		.slow = true,
	},
	{
		.name = "max",
		.text = "1n14l9c2t",
		.cores = 9,
		.threads = 2,
		.n_nodes = 1,
		.nodes = {NODE(14, 8192)},
		.slow = true,
	},
};

const size_t n_shapes = KT_ARRAY_SIZE(shapes);

uint32_t shape_cpus(const struct shape *shape)
{
	uint32_t llcs = 0;

	for (uint32_t i = 0; i < shape->n_nodes; i++)
		llcs += shape->nodes[i].llcs;
	return llcs * shape->cores * shape->threads;
}

uint32_t shape_memory_mib(const struct shape *shape)
{
	uint32_t mib = 0;

	for (uint32_t i = 0; i < shape->n_nodes; i++)
		mib += shape->nodes[i].memory_mib;
	return mib;
}

uint8_t shape_distance(const struct shape *shape, uint32_t from, uint32_t to)
{
	if (shape->distances)
		return shape->distances[from * shape->n_nodes + to];
	return from == to ? 10 : 20;
}
