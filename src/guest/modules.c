// SPDX-License-Identifier: GPL-2.0-only
#include "guest/modules.h"

#include <fcntl.h>
#include <linux/module.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "guest/files.h"

/* Since v5.17 (b1ae6dc41eaa, "module: add in-kernel support for decompressing"). */
#ifndef MODULE_INIT_COMPRESSED_FILE
#define MODULE_INIT_COMPRESSED_FILE 4
#endif

bool kt_module_compressed(const char *path)
{
	const char *dot = strrchr(path, '.');

	return !dot || strcmp(dot, ".ko") != 0;
}

int kt_module_load(const char *path, struct ktstr_error *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	const bool compressed = kt_module_compressed(path);
	const char *hint = "";
	int error;

	if (fd < 0)
		return kt_err_errno(err, -errno, "cannot open module %s", path);
	if (syscall(SYS_finit_module, fd, "",
		    compressed ? MODULE_INIT_COMPRESSED_FILE : 0) == 0 ||
	    errno == EEXIST)
		return 0;

	error = errno;
	if (error == EOPNOTSUPP && compressed)
		hint = " (the kernel lacks CONFIG_MODULE_DECOMPRESS)";
	else if (error == ENOEXEC)
		hint = " (built for another kernel?)";
	else if (error == ENOENT)
		hint = " (a module that it needs is not loaded)";
	return kt_err_errno(err, -error, "cannot load module %s%s", path, hint);
}

int kt_modules_load_list(const char *list_path, struct ktstr_error *err)
{
	_cleanup_(kt_string_list_deinit) struct kt_string_list list = {0};
	int r = kt_string_list_read(&list, list_path);

	if (r < 0)
		return kt_err_errno(err, r, "cannot read %s", list_path);
	for (size_t i = 0; i < list.count; i++) {
		r = kt_module_load(list.items[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}
