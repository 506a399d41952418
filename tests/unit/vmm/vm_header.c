// SPDX-License-Identifier: GPL-2.0-only
/* What a user of <ktstr/vm.h> may write; compiled only, with all warnings. */
#include <ktstr/vm.h>

struct ktstr_vm_config vm_header_defaults(void);
struct ktstr_vm_config vm_header_uniform(uint32_t llcs, const char *kernel);
struct ktstr_vm_config vm_header_nodes(void);
struct ktstr_vm_config vm_header_disk(const struct ktstr_disk *disk);
struct ktstr_disk vm_header_slow_disk(uint64_t iops);
struct ktstr_disk vm_header_plain_disk(void);
struct ktstr_network vm_header_network(void);
struct ktstr_network vm_header_paired_network(uint32_t pairs);

#ifndef __cplusplus
struct ktstr_vm_config vm_header_defaults(void)
{
	return KTSTR_VM_CONFIG();
}

struct ktstr_vm_config vm_header_uniform(uint32_t llcs, const char *kernel)
{
	return KTSTR_VM_CONFIG(.kernel = kernel,
			       .topology = KTSTR_TOPOLOGY(1, llcs, 4, 2),
			       .memory_mib = llcs * 64, .busybox = true,
			       .exec_cmd = "lscpu",
			       .timeout_ms = KTSTR_TIMEOUT_NONE);
}

struct ktstr_vm_config vm_header_nodes(void)
{
	static const struct ktstr_numa_node nodes[] = {
		{ .llcs = 2, .memory_mib = 512 },
		{ .llcs = 0, .memory_mib = 256 },
	};

	return KTSTR_VM_CONFIG(.topology = KTSTR_TOPOLOGY_NODES(nodes, 4, 1),
			       .memory_mib = 768);
}

struct ktstr_vm_config vm_header_disk(const struct ktstr_disk *disk)
{
	return KTSTR_VM_CONFIG(.disk = disk);
}

struct ktstr_disk vm_header_slow_disk(uint64_t iops)
{
	return KTSTR_DISK_CONFIG(.size_mib = 64, .iops = iops);
}

struct ktstr_disk vm_header_plain_disk(void)
{
	return KTSTR_DISK_CONFIG();
}

struct ktstr_network vm_header_network(void)
{
	return KTSTR_NETWORK_CONFIG();
}

struct ktstr_network vm_header_paired_network(uint32_t pairs)
{
	return KTSTR_NETWORK_CONFIG(.queue_pairs = pairs);
}
#endif
