// SPDX-License-Identifier: GPL-2.0-only
#include "guest/processes.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

/* proc_pid_stat(5): "PID (NAME) STATE PPID PGRP ..."; a name may have a ')'. */
static bool runs_in(const char *stat, pid_t group)
{
	const char *name_end = strrchr(stat, ')');
	int parent, of;
	char state;

	return name_end &&
	       sscanf(name_end, ") %c %d %d", &state, &parent, &of) == 3 &&
	       of == group && !strchr("ZX", state);
}

size_t kt_processes_of_group(const char *proc_dir, pid_t group)
{
	_cleanup_closedir_ DIR *dir = opendir(proc_dir);
	struct dirent *entry;
	size_t n_running = 0;

	while (dir && (entry = readdir(dir))) {
		_cleanup_close_ int fd = -1;
		char path[300], stat[256];
		ssize_t n;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "%s/stat", entry->d_name);
		fd = openat(dirfd(dir), path, O_RDONLY | O_CLOEXEC);
		n = fd < 0 ? -1 : read(fd, stat, sizeof(stat) - 1);
		/* It may just have ended. */
		if (n <= 0)
			continue;
		stat[n] = '\0';
		n_running += runs_in(stat, group);
	}
	return n_running;
}
