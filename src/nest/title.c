// SPDX-License-Identifier: GPL-2.0-only
#include "nest/title.h"

#include <errno.h>
#include <linux/prctl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"

#define STAT_BYTES_MAX 4096

/* Fields of /proc/PID/stat, proc_pid_stat(5), counted from 1. */
enum {
	STAT_STATE = 3, /* the first behind the name and its parentheses */
	STAT_START_CODE = 26,
	STAT_END_CODE = 27,
	STAT_START_STACK = 28,
	STAT_START_DATA = 45,
	STAT_END_DATA = 46,
	STAT_START_BRK = 47,
	STAT_ARG_START = 48,
	STAT_ARG_END = 49,
	STAT_ENV_START = 50,
	STAT_ENV_END = 51,
	STAT_FIELDS,
};

static int title_read_stat(uint64_t fields[STAT_FIELDS])
{
	_cleanup_free_ char *text = NULL;
	char *at;
	int r;

	r = kt_read_file("/proc/self/stat", STAT_BYTES_MAX, &text, NULL);
	if (r < 0)
		return r;
	at = strrchr(text, ')');
	/* The state is a letter; what follows are numbers. */
	if (!at || strlen(at) < 4)
		return -EPROTO;
	at += 3;
	for (int i = STAT_STATE + 1; i < STAT_FIELDS; i++) {
		char *end;

		fields[i] = strtoull(at, &end, 10);
		if (end == at)
			return -EPROTO;
		at = end;
	}
	return fields[STAT_ARG_START] && fields[STAT_ARG_END] ? 0 : -ENODATA;
}

/* PR_SET_MM_MAP, prctl(2): everything as it is, but for the arguments. */
static int title_move(const uint64_t fields[STAT_FIELDS], const char *title,
		      size_t length)
{
	struct prctl_mm_map map = {
		.start_code = fields[STAT_START_CODE],
		.end_code = fields[STAT_END_CODE],
		.start_data = fields[STAT_START_DATA],
		.end_data = fields[STAT_END_DATA],
		.start_brk = fields[STAT_START_BRK],
		.brk = (uintptr_t)sbrk(0),
		.start_stack = fields[STAT_START_STACK],
		.arg_start = (uintptr_t)title,
		.arg_end = (uintptr_t)title + length + 1,
		.env_start = fields[STAT_ENV_START],
		.env_end = fields[STAT_ENV_END],
		.exe_fd = (uint32_t)-1,
	};

	return prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0) < 0 ?
		       -errno :
		       0;
}

void kt_nest_set_title(const char *title)
{
	uint64_t fields[STAT_FIELDS] = { 0 };
	size_t length = strlen(title), room;
	/* For as long as the process lives. */
	static char *copy;
	char *arguments;

	if (title_read_stat(fields) < 0)
		return;
	copy = strdup(title);
	if (copy && title_move(fields, copy, length) == 0)
		return;
	free(copy);
	copy = NULL;
	/* In place. The last byte stays NUL, or the kernel reads on into the
	 * environment. */
	arguments = (char *)(uintptr_t)fields[STAT_ARG_START];
	room = fields[STAT_ARG_END] - fields[STAT_ARG_START];
	memset(arguments, 0, room);
	memcpy(arguments, title, KT_MIN(length, room - 1));
}
