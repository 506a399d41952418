// SPDX-License-Identifier: GPL-2.0-only
/*
 * Feeds the files of the directories named on the command line to a fuzzer,
 * without libFuzzer. An empty corpus is a mistake, not a success.
 */
#include <dirent.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "fuzz.h"

#define MAX_INPUT_BYTES (16u << 20)

static int replay_file(const char *directory, const char *name)
{
	_cleanup_free_ char *path = kt_path_join(directory, name);
	_cleanup_free_ char *data = NULL;
	size_t length;
	int r;

	if (!path)
		return -ENOMEM;
	r = kt_read_file(path, MAX_INPUT_BYTES, &data, &length);
	if (r < 0)
		return r;
	printf("%s\n", path);
	LLVMFuzzerTestOneInput((const uint8_t *)data, length);
	return 0;
}

static int replay_directory(const char *path)
{
	_cleanup_closedir_ DIR *directory = opendir(path);
	const struct dirent *entry;
	int n = 0;

	if (!directory)
		return -errno;
	while ((entry = readdir(directory))) {
		int r;

		if (entry->d_name[0] == '.')
			continue;
		r = replay_file(path, entry->d_name);
		if (r < 0)
			return r;
		n++;
	}
	return n ?: -ENOENT;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		int r = replay_directory(argv[i]);

		if (r < 0) {
			fprintf(stderr, "%s: %s\n", argv[i], strerror(-r));
			return 1;
		}
	}
	return 0;
}
