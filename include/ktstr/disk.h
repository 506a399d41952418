/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_DISK_H
#define KTSTR_DISK_H

/*
 * The guest's disk, /dev/vda: a virtio-blk device with as many queues as the
 * guest has CPUs, up to 8. It is new and empty in every run, and gone with it.
 */

#include <stdbool.h>
#include <stdint.h>

#include <ktstr/defaults.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KTSTR_DISK_NAME_MAX 20 /* bytes of a name, as virtio-blk has it */

/* Made by KTSTR_DISK() or KTSTR_DISK_CONFIG(), which put the defaults in. */
struct ktstr_disk {
	uint32_t size_mib;
	bool read_only;
	const char *name; /* the guest's /sys/block/vda/serial; NULL: "ktstr" */

	/* What it does at most; an empty bucket delays, and fails nothing. 0:
	 * no limit. Flushes, discards and the like cost an operation each. */
	uint64_t iops;
	uint64_t bytes_per_s;
	/* What it does at once after a rest; 0: what a second brings. */
	uint64_t iops_burst;
	uint64_t bytes_burst;
};

#define KTSTR_DISK_DEFAULTS_ .size_mib = 256

/* In place, for KTSTR_TEST(name, .disk = KTSTR_DISK(.size_mib = 1024)). */
#define KTSTR_DISK(...)                                                        \
	(&(const struct ktstr_disk){ KTSTR_DISK_DEFAULTS_, ##__VA_ARGS__ })

/* As a value, to be kept for as long as a configuration points to it. */
#define KTSTR_DISK_CONFIG(...)                                                  \
	({                                                                      \
		_Pragma("GCC diagnostic push")                                  \
			KTSTR_ALLOW_OVERRIDE_ struct ktstr_disk ktstr_disk_ = { \
				KTSTR_DISK_DEFAULTS_, ##__VA_ARGS__             \
			};                                                      \
		_Pragma("GCC diagnostic pop") ktstr_disk_;                      \
	})

/* What a guest did to its disk. */
struct ktstr_disk_counters {
	uint64_t reads; /* requests that were done, as the next four */
	uint64_t writes;
	uint64_t flushes;
	uint64_t discards;
	uint64_t write_zeroes;
	uint64_t read_bytes;
	uint64_t written_bytes;
	uint64_t errors;      /* answered with an I/O error */
	uint64_t unsupported; /* requests of a kind that the disk has not */
	uint64_t delayed;     /* requests that had to wait for a bucket */
	uint64_t delayed_ns;  /* and how long, all together */
};

#ifdef __cplusplus
}
#endif

#endif
