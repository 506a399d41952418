// SPDX-License-Identifier: GPL-2.0-only

/*
 * A program that a test binary is made of by copying it, as NAME: it prints
 * NAME.json, whatever it is asked; and where there is a NAME.crash, it crashes
 * before its main().
 */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static int open_beside(const char *self, const char *suffix)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s%s", self, suffix);
	return open(path, O_RDONLY);
}

/* As what registers a test would be. */
__attribute__((constructor)) static void crash(int argc, char **argv)
{
	if (argc > 0 && open_beside(argv[0], ".crash") >= 0)
		raise(SIGSEGV);
}

int main(int argc, char **argv)
{
	int fd = argc > 0 ? open_beside(argv[0], ".json") : -1;
	char data[4096];
	ssize_t n;

	while (fd >= 0 && (n = read(fd, data, sizeof(data))) > 0) {
		if (write(STDOUT_FILENO, data, (size_t)n) != n)
			return 1;
	}
	return 0;
}
