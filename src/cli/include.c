// SPDX-License-Identifier: GPL-2.0-only
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "cli/include.h"

void kt_includes_deinit(struct kt_includes *includes)
{
	for (size_t i = 0; i < includes->n; i++) {
		free((char *)includes->files[i].archive_path);
		free((char *)includes->files[i].host_path);
	}
	free(includes->files);
	*includes = (struct kt_includes){0};
}

static int add_file(struct kt_includes *includes, const char *archive_path,
		    const char *host_path, struct ktstr_error *err)
{
	_cleanup_free_ char *archive = strdup(archive_path);
	_cleanup_free_ char *host = strdup(host_path);

	if (includes->n == includes->capacity) {
		size_t capacity = includes->capacity * 2 + 8;
		struct ktstr_include_file *files =
			reallocarray(includes->files, capacity, sizeof(*files));

		if (!files)
			return kt_err_errno(err, -ENOMEM, "included files");
		includes->files = files;
		includes->capacity = capacity;
	}
	if (!archive || !host)
		return kt_err_errno(err, -ENOMEM, "included files");
	includes->files[includes->n++] = (struct ktstr_include_file){
		.archive_path = TAKE_PTR(archive),
		.host_path = TAKE_PTR(host),
	};
	return 0;
}

static int add_entry(struct kt_includes *includes, const FTSENT *entry,
		     const char *top, const char *archive_top,
		     struct ktstr_error *err)
{
	_cleanup_free_ char *archive = NULL;

	switch (entry->fts_info) {
	case FTS_D:
	case FTS_DP:
		return 0;
	case FTS_F:
		break;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
	case FTS_SLNONE:
		return kt_err_errno(err, -entry->fts_errno ?: -ENOENT,
				    "--include-files: %s", entry->fts_path);
	case FTS_DC:
		return kt_err(err, -EINVAL,
			      "--include-files: %s links back to a directory "
			      "above it",
			      entry->fts_path);
	default:
		/* Sockets, devices and the like have no place in an archive. */
		return 0;
	}
	archive = kt_path_join(archive_top, entry->fts_path + strlen(top) + 1);
	if (!archive)
		return kt_err_errno(err, -ENOMEM, "included files");
	return add_file(includes, archive, entry->fts_path, err);
}

static int add_directory(struct kt_includes *includes, const char *archive_path,
			 const char *host_path, struct ktstr_error *err)
{
	char *const tops[] = {(char *)host_path, NULL};
	FTS *fts = fts_open(tops, FTS_LOGICAL | FTS_NOCHDIR, NULL);
	const FTSENT *entry;
	int r = 0;

	if (!fts)
		return kt_err_errno(err, -errno, "--include-files: %s",
				    host_path);
	while (r == 0 && (entry = fts_read(fts)))
		r = add_entry(includes, entry, host_path, archive_path, err);
	fts_close(fts);
	return r;
}

/* The first executable of that name in PATH; caller frees. NULL: none. */
static char *find_program(const char *name)
{
	const char *path = getenv("PATH");

	while (path && *path) {
		size_t length = strcspn(path, ":");
		_cleanup_free_ char *directory = strndup(path, length);
		_cleanup_free_ char *program = NULL;
		struct stat st;

		if (directory && *directory)
			program = kt_path_join(directory, name);
		if (program && stat(program, &st) == 0 && S_ISREG(st.st_mode) &&
		    access(program, X_OK) == 0)
			return TAKE_PTR(program);
		path += length + (path[length] == ':');
	}
	return NULL;
}

/* The last part of a path, without slashes at its end; caller frees. */
static char *name_of(const char *path)
{
	size_t end = strlen(path), start;

	while (end > 1 && path[end - 1] == '/')
		end--;
	start = end;
	while (start > 0 && path[start - 1] != '/')
		start--;
	return strndup(path + start, end - start);
}

/* Splits off ":ARCHIVE_PATH", unless a file has the whole for its name. */
static int split(const char *argument, char **ret_host, char **ret_archive)
{
	const char *colon = strrchr(argument, ':');

	*ret_archive = NULL;
	if (!colon || access(argument, F_OK) == 0) {
		*ret_host = strdup(argument);
		return *ret_host ? 0 : -ENOMEM;
	}
	/* The guest's root is meant, with or without the slash. */
	*ret_archive = strdup(colon + 1 + strspn(colon + 1, "/"));
	*ret_host = strndup(argument, (size_t)(colon - argument));
	return *ret_host && *ret_archive ? 0 : -ENOMEM;
}

int kt_includes_add(struct kt_includes *includes, const char *argument,
		    struct ktstr_error *err)
{
	_cleanup_free_ char *host = NULL, *archive = NULL, *name = NULL;
	const char *parent = "include-files";
	struct stat st;
	size_t end;

	if (split(argument, &host, &archive) < 0)
		return kt_err_errno(err, -ENOMEM, "included files");
	if (!*host || (archive && !*archive))
		return kt_err(err, -EINVAL,
			      "--include-files: \"%s\" is neither PATH nor "
			      "PATH:ARCHIVE_PATH",
			      argument);
	if (stat(host, &st) < 0) {
		int r = -errno;
		bool is_path = strchr(host, '/');
		char *program = is_path ? NULL : find_program(host);

		if (!program)
			return kt_err(err, r, "--include-files: %s: %s%s", host,
				      strerror(-r),
				      is_path ? ""
					      : ", and no program of that "
						"name in PATH");
		free(host);
		host = program;
		parent = "bin";
		if (stat(host, &st) < 0)
			return kt_err_errno(err, -errno, "--include-files: %s",
					    host);
	}
	if (!archive) {
		name = name_of(host);
		archive = name ? kt_path_join(parent, name) : NULL;
		if (!archive)
			return kt_err_errno(err, -ENOMEM, "included files");
	}
	if (S_ISREG(st.st_mode))
		return add_file(includes, archive, host, err);
	if (!S_ISDIR(st.st_mode))
		return kt_err(err, -EINVAL,
			      "--include-files: %s is neither a file nor a "
			      "directory",
			      host);
	end = strlen(host);
	while (end > 1 && host[end - 1] == '/')
		host[--end] = '\0';
	return add_directory(includes, archive, host, err);
}
