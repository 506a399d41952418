/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A directory for one test, and archives read back. Failures end the test.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct scratch {
	char directory[64];
};

/* cmocka fixtures: a fresh directory, KTSTR_CACHE_DIR pointing into it. */
int scratch_setup(void **state);
int scratch_teardown(void **state);

/* "DIRECTORY/NAME"; lives until the next few calls. */
const char *scratch_path(const struct scratch *scratch, const char *name);

/* Makes a file, with its directories; returns its path as above. */
const char *scratch_file(const struct scratch *scratch, const char *name,
			 const void *data, size_t bytes, mode_t mode);
const char *scratch_text(const struct scratch *scratch, const char *name,
			 const char *text);

struct unpacked_member {
	char *path;
	mode_t mode;
	char *target;
	uint8_t *data;
	size_t bytes;
};

struct unpacked {
	struct unpacked_member members[1024];
	size_t n;
};

/* Reads one archive with libarchive. Free with unpacked_free(). */
struct unpacked *unpack(const void *data, size_t bytes);
struct unpacked *unpack_fd(int fd, uint64_t bytes);
void unpacked_free(struct unpacked *unpacked);

/* NULL when there is no such member. */
const struct unpacked_member *unpacked_find(const struct unpacked *unpacked,
					    const char *path);
