// SPDX-License-Identifier: GPL-2.0-only
#include "base/beside.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

char *kt_self_path(void)
{
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self));

	return length > 0 ? strndup(self, (size_t)length) : NULL;
}

char **kt_self_argv(const char *const *argv)
{
	char *self = kt_self_path() ?: strdup(argv[0]);
	char **copy;
	size_t n = 0;

	while (argv[n])
		n++;
	copy = self ? calloc(n + 1, sizeof(*copy)) : NULL;
	if (!copy) {
		free(self);
		return NULL;
	}
	copy[0] = self;
	for (size_t i = 1; i < n; i++)
		copy[i] = (char *)argv[i];
	return copy;
}

void kt_self_argv_free(char **argv)
{
	if (argv)
		free(argv[0]);
	free(argv);
}

int kt_beside_find(const char *variable, const char *name,
		   const char *installed, char **ret)
{
	const char *named = getenv(variable);
	_cleanup_free_ char *beside = NULL;
	_cleanup_free_ char *self = kt_self_path();

	if (self && strrchr(self, '/')) {
		*strrchr(self, '/') = '\0';
		beside = kt_path_join(self, name);
	}
	if (named && *named)
		*ret = strdup(named);
	else if (beside && access(beside, R_OK) == 0)
		*ret = TAKE_PTR(beside);
	else
		*ret = strdup(installed);
	return *ret ? 0 : -ENOMEM;
}
