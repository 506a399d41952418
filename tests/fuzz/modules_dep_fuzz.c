// SPDX-License-Identifier: GPL-2.0-only
/*
 * modules.dep and modules.builtin, and names to look for, each ended by a NUL
 * byte in the input. Every listed path is one of modules.dep's, stays below its
 * directory, and is listed once.
 */
#include "base/macro.h"
#include "fuzz.h"
#include "initramfs/modules.h"

#define MAX_NAMES 8

static void check_list(const struct kt_module_list *list, const char *dep,
		       size_t dep_bytes)
{
	for (size_t i = 0; i < list->n_paths; i++) {
		const char *path = list->paths[i];

		fuzz_check(*path && *path != '/');
		fuzz_check(strcmp(path, "..") && strncmp(path, "../", 3) &&
			   !strstr(path, "/../"));
		fuzz_check(memmem(dep, dep_bytes, path, strlen(path)));
		for (size_t n = 0; n < i; n++)
			fuzz_check(strcmp(list->paths[n], path));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_module_list_ struct kt_module_list list = { 0 };
	const char *names[MAX_NAMES + 1] = { NULL };
	const char *parts[2] = { "", "" };
	size_t bytes[2] = { 0 };
	_cleanup_free_ char *text = malloc(size + 1);
	struct ktstr_error err;
	char *at = text, *end = text + size;
	size_t n = 0;

	fuzz_check(text);
	if (size)
		memcpy(text, data, size);
	*end = '\0';
	for (size_t i = 0; i < 2 && at < end; i++) {
		parts[i] = at;
		bytes[i] = strlen(at);
		at += bytes[i] + 1;
	}
	for (; n < MAX_NAMES && at < end; at += strlen(at) + 1)
		names[n++] = at;
	if (kt_modules_resolve_text("/m", parts[0], bytes[0], parts[1],
				    bytes[1], names, &list, &err) == 0)
		check_list(&list, parts[0], bytes[0]);
	return 0;
}
