/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What the host left in the guest's root (wire/guest_files.h), read. */

#include <stddef.h>

/*
 * A list of strings; `items` is NULL-terminated and fit for execve(). Owns
 * everything; zero-initialised it is empty, with `items` NULL.
 */
struct kt_string_list {
	char **items;
	size_t count;
	char *text; /* what the items point into */
};

void kt_string_list_deinit(struct kt_string_list *list);

/*
 * Takes over `text`, `length` bytes of entries each ended by a NUL, with one
 * more NUL behind the last byte (as kt_read_file() leaves it). An entry that
 * lacks its NUL at the end counts. On failure `text` is freed too.
 */
int kt_string_list_take(struct kt_string_list *list, char *text, size_t length);

/* Reads a list file. An absent one leaves the list empty: 0. */
int kt_string_list_read(struct kt_string_list *list, const char *path);

/*
 * Puts "NAME=value" entries into this process's environment.
 * -EINVAL for one without a name or a "="; the others are set regardless.
 */
int kt_environment_apply(const struct kt_string_list *list);

/*
 * A number out of the environment, from 1 to `max`; 0 when the variable is
 * absent or anything else.
 */
unsigned int kt_environment_number(const char *name, unsigned int max);
