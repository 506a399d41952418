// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <time.h>

#include "initramfs/witness.h"

/* The coarsest timestamps in use are whole seconds, or two (FAT). */
#define WITNESS_SETTLED_NS 2500000000LL

void kt_witness_set_deinit(struct kt_witness_set *set)
{
	for (size_t i = 0; i < set->n_witnesses; i++)
		free(set->witnesses[i].path);
	free(set->witnesses);
	*set = (struct kt_witness_set){ 0 };
}

static int64_t timespec_ns(const struct timespec *ts)
{
	return (int64_t)ts->tv_sec * 1000000000LL + ts->tv_nsec;
}

struct kt_file_id kt_file_id_of(const struct stat *st)
{
	return (struct kt_file_id){
		.device = st->st_dev,
		.inode = st->st_ino,
		.size_bytes = (uint64_t)st->st_size,
		.mtime_ns = timespec_ns(&st->st_mtim),
		.ctime_ns = timespec_ns(&st->st_ctim),
	};
}

bool kt_file_id_equal(const struct kt_file_id *a, const struct kt_file_id *b)
{
	return a->device == b->device && a->inode == b->inode &&
	       a->size_bytes == b->size_bytes && a->mtime_ns == b->mtime_ns &&
	       a->ctime_ns == b->ctime_ns;
}

void kt_witness_set_add(struct kt_witness_set *set, const char *path,
			const struct stat *st)
{
	struct kt_file_id id = { 0 };
	char *copy;

	if (set->failed)
		return;
	if (set->n_witnesses == set->capacity) {
		size_t capacity = set->capacity ? set->capacity * 2 : 32;
		struct kt_witness *grown =
			reallocarray(set->witnesses, capacity, sizeof(*grown));

		if (!grown) {
			set->failed = true;
			return;
		}
		set->witnesses = grown;
		set->capacity = capacity;
	}
	copy = strdup(path);
	if (!copy) {
		set->failed = true;
		return;
	}
	if (st) {
		struct timespec now;

		clock_gettime(CLOCK_REALTIME, &now);
		id = kt_file_id_of(st);
		/* A ctime in the future says nothing about later changes. */
		if (timespec_ns(&now) - id.ctime_ns < WITNESS_SETTLED_NS)
			set->unsettled = true;
	}
	set->witnesses[set->n_witnesses++] =
		(struct kt_witness){ .path = copy, .id = id };
}

void kt_witness_set_look(struct kt_witness_set *set, const char *path)
{
	struct stat st;

	kt_witness_set_add(set, path, stat(path, &st) == 0 ? &st : NULL);
}

bool kt_witness_holds(const char *path, const struct kt_file_id *id)
{
	struct kt_file_id seen = { 0 };
	struct stat st;

	if (stat(path, &st) == 0)
		seen = kt_file_id_of(&st);
	return kt_file_id_equal(&seen, id);
}
