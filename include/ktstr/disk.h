/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_DISK_H
#define KTSTR_DISK_H

/*
 * A disk for a VM: /dev/vda in the guest, virtio-blk over virtio-mmio. Its
 * bytes lie in a file of the host that has no name, takes room only for what
 * was written, and is gone with the VM.
 */

#include <stdbool.h>
#include <stdint.h>

#include <ktstr/defaults.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KTSTR_DISK_NAME_MAX 20 /* bytes, without the NUL */

/* What is on the disk when the guest first sees it. */
enum ktstr_disk_filesystem {
	KTSTR_DISK_RAW, /* zeroes */
};

/* Fill it in with KTSTR_DISK(), which puts the defaults in first. */
struct ktstr_disk_config {
	uint32_t size_mib;
	enum ktstr_disk_filesystem filesystem;
	bool read_only;
	/* Its serial number, /sys/block/vda/serial: printable ASCII. */
	const char *name;

	/*
	 * How much it does, by token buckets that are full at the start; 0 is
	 * no limit. Every request is one operation, a flush or a discard
	 * too, but only reads and writes move bytes. A request waits while a
	 * bucket is empty, and never fails for that.
	 */
	uint64_t iops;
	uint64_t bytes_per_s;
	/* How much a bucket holds; 0: what one second brings. */
	uint64_t iops_burst;
	uint64_t bytes_burst;
};

#define KTSTR_DISK(...)                                                        \
	({                                                                     \
		_Pragma("GCC diagnostic push") KTSTR_ALLOW_OVERRIDE_           \
		struct ktstr_disk_config ktstr_disk_ = {                       \
			.size_mib = 256,                                       \
			.filesystem = KTSTR_DISK_RAW,                          \
			.name = "ktstr",                                       \
			__VA_ARGS__                                            \
		};                                                             \
		_Pragma("GCC diagnostic pop")                                  \
		ktstr_disk_;                                                   \
	})

/* What the disk did during a run; requests that failed are in `errors` alone. */
struct ktstr_disk_counters {
	uint64_t reads;
	uint64_t read_bytes;
	uint64_t writes;
	uint64_t written_bytes;
	uint64_t flushes;
	uint64_t discards;
	uint64_t discarded_bytes;
	uint64_t zeroes; /* requests to write zeroes */
	uint64_t zeroed_bytes;
	uint64_t errors;       /* requests that the guest was told failed */
	uint64_t throttled;    /* requests that had to wait for a bucket */
	uint64_t throttled_ns; /* for so long, together */
};

#ifdef __cplusplus
}
#endif

#endif
