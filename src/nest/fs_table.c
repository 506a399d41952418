// SPDX-License-Identifier: GPL-2.0-only
#include "nest/fs_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"

#define TABLE_INODES_MIN 1024u
#define TABLE_FILES_MIN  64u

void kt_fs_table_deinit(struct kt_fs_table *table)
{
	for (uint32_t i = 1; i < table->n_inodes; i++) {
		if (table->inodes[i].lookups)
			kt_close(table->inodes[i].fd);
	}
	for (uint32_t i = 0; i < table->n_files; i++)
		kt_close(table->files[i]);
	free(table->inodes);
	free(table->files);
	*table = (struct kt_fs_table){ 0 };
}

static uint32_t *table_bucket(struct kt_fs_table *table, dev_t dev, ino_t ino)
{
	uint64_t hash = (uint64_t)ino * 0x9e3779b97f4a7c15ULL ^ (uint64_t)dev;

	return &table->buckets[(hash ^ hash >> 32) % KT_FS_BUCKETS];
}

struct kt_fs_inode *kt_fs_table_inode(struct kt_fs_table *table, uint64_t number)
{
	if (number == 0 || number >= table->n_inodes ||
	    !table->inodes[number].lookups)
		return NULL;
	return &table->inodes[number];
}

static int table_grow(struct kt_fs_table *table)
{
	uint32_t n = KT_MAX(table->n_inodes * 2, TABLE_INODES_MIN);
	uint32_t first = KT_MAX(table->n_inodes, 1U);
	struct kt_fs_inode *grown;

	grown = reallocarray(table->inodes, n, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	for (uint32_t i = first; i < n; i++)
		grown[i] = (struct kt_fs_inode){
			.fd = -1,
			.next = i + 1 < n ? i + 1 : 0,
		};
	table->inodes = grown;
	table->n_inodes = n;
	table->free = first;
	return 0;
}

int kt_fs_table_add(struct kt_fs_table *table, int fd, const struct stat *st,
		    uint64_t *ret_number)
{
	uint32_t *bucket = table_bucket(table, st->st_dev, st->st_ino);
	struct kt_fs_inode *inode;
	uint32_t number;

	for (number = *bucket; number; number = table->inodes[number].next) {
		inode = &table->inodes[number];
		if (inode->dev == st->st_dev && inode->ino == st->st_ino) {
			inode->lookups++;
			kt_close(fd);
			*ret_number = number;
			return 0;
		}
	}
	if (!table->free && table_grow(table) < 0) {
		kt_close(fd);
		return -ENOMEM;
	}
	number = table->free;
	inode = &table->inodes[number];
	table->free = inode->next;
	table->n_used++;
	*inode = (struct kt_fs_inode){
		.fd = fd,
		.dev = st->st_dev,
		.ino = st->st_ino,
		.type = st->st_mode & S_IFMT,
		.lookups = 1,
		.opened.size = -1,
		.next = *bucket,
	};
	*bucket = number;
	*ret_number = number;
	return 0;
}

void kt_fs_table_forget(struct kt_fs_table *table, uint64_t number, uint64_t count)
{
	struct kt_fs_inode *inode = kt_fs_table_inode(table, number);
	uint32_t *link;

	if (!inode || number == 1)
		return;
	if (inode->lookups > count) {
		inode->lookups -= count;
		return;
	}
	link = table_bucket(table, inode->dev, inode->ino);
	while (*link != number)
		link = &table->inodes[*link].next;
	*link = inode->next;
	kt_close(inode->fd);
	*inode = (struct kt_fs_inode){ .fd = -1, .next = table->free };
	table->free = (uint32_t)number;
	table->n_used--;
}

int kt_fs_table_open(struct kt_fs_table *table, int fd, uint64_t *ret_handle)
{
	uint32_t n = KT_MAX(table->n_files * 2, TABLE_FILES_MIN), i;
	int *grown;

	for (i = 0; i < table->n_files; i++) {
		if (table->files[i] < 0)
			goto found;
	}
	grown = reallocarray(table->files, n, sizeof(*grown));
	if (!grown) {
		kt_close(fd);
		return -ENOMEM;
	}
	table->files = grown;
	for (; table->n_files < n; table->n_files++)
		grown[table->n_files] = -1;
found:
	table->files[i] = fd;
	table->n_open++;
	*ret_handle = i;
	return 0;
}

int kt_fs_table_file(const struct kt_fs_table *table, uint64_t handle)
{
	return handle < table->n_files ? table->files[handle] : -1;
}

void kt_fs_table_close(struct kt_fs_table *table, uint64_t handle)
{
	if (kt_fs_table_file(table, handle) < 0)
		return;
	table->files[handle] = kt_close(table->files[handle]);
	table->n_open--;
}

uint64_t kt_fs_table_unique_ino(struct kt_fs_table *table, dev_t dev, ino_t ino)
{
	uint32_t i;

	for (i = 0; i < table->n_devices; i++) {
		if (table->devices[i] == dev)
			break;
	}
	if (i == table->n_devices && i < KT_FS_DEVICES)
		table->devices[table->n_devices++] = dev;
	/* Real inode numbers leave the upper bits alone. */
	return (uint64_t)ino ^ (uint64_t)i << 48;
}
