/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Witnesses: the host files that a cached result was made from, and what they
 * looked like, so that a few stat() calls tell whether the result still holds.
 *
 * A file that is changed later gets a ctime of that moment, so equal stat data
 * means equal contents, unless the change came within one tick of the clock of
 * the file's timestamps. Hence a set is only to be trusted when every file in
 * it had been left alone for a while when it was looked at: settled.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/cleanup.h"

/* All zero for a path at which there was no file. */
struct kt_file_id {
	uint64_t device;
	uint64_t inode;
	uint64_t size_bytes;
	int64_t mtime_ns;
	int64_t ctime_ns;
};

struct kt_witness {
	char *path;
	struct kt_file_id id;
};

struct kt_witness_set {
	struct kt_witness *witnesses;
	size_t n_witnesses;
	size_t capacity;
	bool unsettled;
	bool failed; /* out of memory: the set is not to be used */
};

void kt_witness_set_deinit(struct kt_witness_set *set);
#define _cleanup_witness_set_ _cleanup_(kt_witness_set_deinit)

struct kt_file_id kt_file_id_of(const struct stat *st);
bool kt_file_id_equal(const struct kt_file_id *a, const struct kt_file_id *b);

/*
 * Adds what was seen at `path`: `st` from before the contents were read, or
 * NULL when no file was there.
 */
void kt_witness_set_add(struct kt_witness_set *set, const char *path,
			const struct stat *st);

/* Adds what is at `path` now. */
void kt_witness_set_look(struct kt_witness_set *set, const char *path);

/* Whether `path` looks now as it looked when `id` was taken. */
bool kt_witness_holds(const char *path, const struct kt_file_id *id);
