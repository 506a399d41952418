// SPDX-License-Identifier: GPL-2.0-only
#include <fts.h>
#include <stddef.h>
#include <sys/stat.h>

#include "kernel/disk_usage.h"

/* The unit of st_blocks, whatever the file system's own is. */
#define STAT_BLOCK_BYTES 512

uint64_t kt_disk_usage(const char *path)
{
	char *const paths[] = {(char *)path, NULL};
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	uint64_t bytes = 0;
	FTSENT *entry;

	if (!tree)
		return 0;
	while ((entry = fts_read(tree))) {
		/* A directory shows twice: before and behind its entries. */
		if (entry->fts_info != FTS_DP && entry->fts_info != FTS_NS &&
		    entry->fts_info != FTS_ERR)
			bytes += (uint64_t)entry->fts_statp->st_blocks *
				 STAT_BLOCK_BYTES;
	}
	fts_close(tree);
	return bytes;
}
