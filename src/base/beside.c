// SPDX-License-Identifier: GPL-2.0-only
#include "base/beside.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

int kt_beside_find(const char *variable, const char *name,
		   const char *installed, char **ret)
{
	const char *named = getenv(variable);
	_cleanup_free_ char *beside = NULL;
	char self[PATH_MAX] = "";

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) > 0 &&
	    strrchr(self, '/')) {
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
