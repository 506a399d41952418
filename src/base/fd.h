/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* Transfers all of `length`, past EINTR and short counts. 0 or -errno. */
int kt_write_all(int fd, const void *data, size_t length);
int kt_pwrite_all(int fd, const void *data, size_t length, off_t offset);

/* As above; -ENODATA when the file ends first. */
int kt_read_all(int fd, void *data, size_t length);
int kt_pread_all(int fd, void *data, size_t length, off_t offset);

/*
 * Reads a whole file into fresh memory with a NUL behind it (caller frees).
 * -EFBIG when it holds more than `max_bytes`. Works on /proc and /sys files,
 * whose size is not known beforehand. `ret_length` may be NULL.
 */
int kt_read_file(const char *path, size_t max_bytes, char **ret,
		 size_t *ret_length);
int kt_read_fd(int fd, size_t max_bytes, char **ret, size_t *ret_length);

/*
 * Replaces `path` as a whole: a temporary file in the same directory, then
 * rename. On failure nothing is left behind.
 */
int kt_write_file_atomic(const char *path, const void *data, size_t length,
			 mode_t mode);

/* Makes a directory and its missing parents; an existing one is fine. */
int kt_mkdir_p(const char *path, mode_t mode);

/* Removes a file or a whole tree, without following links; absent is fine. */
int kt_remove_tree(const char *path);

/* A new string "A/B" (caller frees), NULL when out of memory. */
char *kt_path_join(const char *a, const char *b);

/* Monotonic time in nanoseconds. */
uint64_t kt_now_ns(void);
