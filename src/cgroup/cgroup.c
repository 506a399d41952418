// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cpulist.h"
#include "base/fd.h"
#include "base/macro.h"
#include "cgroup/cgroup.h"
#include "cgroup/files.h"
#include "cgroup/remove.h"

#define SWEEP_TIMEOUT_MS 2000
#define CLOSE_TIMEOUT_MS 10000

enum setting_kind {
	SETTING_LIST,    /* of CPUs or nodes, with an effective one beside it */
	SETTING_WORDS,   /* the words written are the first that are read */
	SETTING_BYTES,   /* K, M and G are understood; whole pages are kept */
	SETTING_DEFAULT, /* read as "default VALUE" */
};

static const struct setting {
	const char *file;
	enum setting_kind kind;
} settings[] = {
	{ "cpuset.cpus", SETTING_LIST },      { "cpuset.mems", SETTING_LIST },
	{ "cpu.max", SETTING_WORDS },         { "cpu.weight", SETTING_WORDS },
	{ "memory.min", SETTING_BYTES },      { "memory.low", SETTING_BYTES },
	{ "memory.high", SETTING_BYTES },     { "memory.max", SETTING_BYTES },
	{ "memory.swap.max", SETTING_BYTES }, { "io.weight", SETTING_DEFAULT },
	{ "pids.max", SETTING_WORDS },
};

/* Whether it names something below the root, and nothing else. */
static bool is_path(const char *group)
{
	if (!*group)
		return true;
	for (const char *at = group;; at++) {
		size_t n = strcspn(at, "/");

		if (n == 0 || *at == '.')
			return false;
		at += n;
		if (!*at)
			return true;
	}
}

/* The group's path below the mount; caller frees. */
static int full_path(const struct kt_cgroups *cgroups, const char *group,
		     char **ret, struct ktstr_error *err)
{
	if (!is_path(group))
		return kt_err(err, -EINVAL,
			      "\"%s\" is no path of control groups: give names "
			      "that start with no dot, with one slash between",
			      group);
	*ret = *group ? kt_path_join(cgroups->root, group) :
			strdup(cgroups->root);
	return *ret ? 0 : kt_err_errno(err, -ENOMEM, "control group");
}

int kt_cgroups_open(const char *mount, struct kt_cgroups *ret,
		    struct ktstr_error *err)
{
	_cleanup_close_ int fd = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return kt_err_errno(err, -errno,
				    "cannot open %s: cgroup v2 must be mounted "
				    "there",
				    mount);
	kt_cgroup_sweep(fd, SWEEP_TIMEOUT_MS);
	for (unsigned int n = 0;; n++) {
		_cleanup_free_ char *root = NULL;
		int r = kt_cgroup_root_name(n, &root, err);

		if (r < 0)
			return r;
		if (mkdirat(fd, root, 0755) == 0) {
			ret->mount_fd = TAKE_FD(fd);
			ret->root = TAKE_PTR(root);
			return 0;
		}
		if (errno != EEXIST)
			return kt_err_errno(err, -errno,
					    "cannot make the control group "
					    "%s/%s",
					    mount, root);
	}
}

int kt_cgroups_close(struct kt_cgroups *cgroups, struct ktstr_error *err)
{
	int r;

	if (!cgroups->root)
		return 0;
	r = kt_cgroup_remove_at(cgroups->mount_fd, cgroups->root,
				CLOSE_TIMEOUT_MS, err);
	kt_close(cgroups->mount_fd);
	free(cgroups->root);
	*cgroups = (struct kt_cgroups){ .mount_fd = -1 };
	return r;
}

void kt_cgroups_deinit(struct kt_cgroups *cgroups)
{
	kt_cgroups_close(cgroups, NULL);
}

int kt_cgroup_create(const struct kt_cgroups *cgroups, const char *group,
		     struct ktstr_error *err)
{
	_cleanup_free_ char *path = NULL;
	int r = full_path(cgroups, group, &path, err);

	if (r < 0)
		return r;
	for (char *slash = path; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = '\0';
		if (mkdirat(cgroups->mount_fd, path, 0755) < 0 && errno != EEXIST)
			return kt_err_errno(err, -errno,
					    "cannot make the control group %s",
					    path);
	}
	if (mkdirat(cgroups->mount_fd, path, 0755) < 0)
		return kt_err_errno(err, -errno,
				    "cannot make the control group %s", path);
	return 0;
}

int kt_cgroup_remove(const struct kt_cgroups *cgroups, const char *group,
		     int timeout_ms, struct ktstr_error *err)
{
	_cleanup_free_ char *path = NULL;
	int r = full_path(cgroups, group, &path, err);

	if (r < 0)
		return r;
	if (faccessat(cgroups->mount_fd, path, F_OK, 0) < 0)
		return kt_err_errno(err, -errno,
				    "cannot remove the control group %s", path);
	return kt_cgroup_remove_at(cgroups->mount_fd, path, timeout_ms, err);
}

static bool has_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	while (*(text += strspn(text, " \n"))) {
		size_t n = strcspn(text, " \n");

		if (n == length && strncmp(text, word, n) == 0)
			return true;
		text += n;
	}
	return false;
}

/* Hands a controller to the children of one directory. */
static int enable_in(int mount_fd, const char *directory,
		     const char *controller, struct ktstr_error *err)
{
	_cleanup_free_ char *enabled = NULL;
	char request[32];
	int r = kt_cgroup_file_read(mount_fd, directory,
				    "cgroup.subtree_control", &enabled, err);

	if (r < 0 || has_word(enabled, controller))
		return r;
	snprintf(request, sizeof(request), "+%s", controller);
	r = kt_cgroup_file_write(mount_fd, directory, "cgroup.subtree_control",
				 request, err);
	if (r == -EBUSY)
		kt_err_context(err, r,
			       "a group that holds processes cannot hand on %s",
			       controller);
	if (r == -ENOENT || r == -EINVAL)
		kt_err_context(err, r,
			       "the controller %s is not to be had (a v1 mount "
			       "may hold it)",
			       controller);
	return r;
}

/* Enables a controller from the mount down to the parent of `path`. */
static int enable_down(int mount_fd, char *path, const char *controller,
		       struct ktstr_error *err)
{
	int r = enable_in(mount_fd, ".", controller, err);

	for (char *slash = path; r == 0 && (slash = strchr(slash, '/'));
	     *slash++ = '/') {
		*slash = '\0';
		r = enable_in(mount_fd, path, controller, err);
	}
	return r;
}

static int parse_list(const char *text, struct kt_bitmap *ret)
{
	return kt_cpulist_parse(text, ret, NULL);
}

static bool same_list(const char *a, const char *b)
{
	_cleanup_bitmap_ struct kt_bitmap x = { 0 }, y = { 0 };

	return parse_list(a, &x) == 0 && parse_list(b, &y) == 0 &&
	       kt_bitmap_equal(&x, &y);
}

static bool starts_with_words(const char *text, const char *words)
{
	size_t n = strlen(words);

	return strncmp(text, words, n) == 0 &&
	       (text[n] == '\0' || text[n] == ' ' || text[n] == '\n');
}

/* "16M" in bytes, down to whole pages. */
static bool parse_bytes(const char *text, uint64_t *ret)
{
	static const char units[] = "KMG";
	const char *unit;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	char *end;

	*ret = strtoull(text, &end, 10);
	if (end == text)
		return false;
	unit = *end && *end != ' ' ? strchr(units, *end & ~0x20) : NULL;
	if (unit) {
		*ret <<= 10 * (unit - units + 1);
		end++;
	}
	*ret -= *ret % page;
	return *end == '\0';
}

static bool same_bytes(const char *a, const char *b)
{
	uint64_t x, y;

	if (strcmp(a, b) == 0)
		return true;
	return parse_bytes(a, &x) && parse_bytes(b, &y) && x == y;
}

static bool took(enum setting_kind kind, const char *value, const char *got)
{
	switch (kind) {
	case SETTING_LIST:
		return same_list(value, got);
	case SETTING_BYTES:
		return same_bytes(value, got);
	case SETTING_DEFAULT:
		if (strncmp(value, "default ", 8) == 0)
			value += 8;
		if (strncmp(got, "default ", 8) == 0)
			got += 8;
		return starts_with_words(got, value);
	default:
		return starts_with_words(got, value);
	}
}

/* Reads one file back and holds it against what was wanted. */
static int read_back(int mount_fd, const char *path, const char *file,
		     enum setting_kind kind, const char *value,
		     struct ktstr_error *err)
{
	_cleanup_free_ char *got = NULL;
	int r = kt_cgroup_file_read(mount_fd, path, file, &got, err);

	if (r < 0 || took(kind, value, got))
		return r;
	return kt_err(err, -ERANGE,
		      "%s/%s is \"%s\" where \"%s\" was written: a group above "
		      "may allow less",
		      path, file, got, value);
}

static const struct setting *find_setting(const char *file)
{
	for (size_t i = 0; i < KT_ARRAY_SIZE(settings); i++)
		if (strcmp(settings[i].file, file) == 0)
			return &settings[i];
	return NULL;
}

/*
 * Kernels such as 6.12 refuse to empty the list of a group with processes in
 * it; what it then gets is what it would take of the group above.
 */
static int clear_list(int mount_fd, const char *path, const char *file,
		      struct ktstr_error *err)
{
	_cleanup_free_ char *above = strdup(path), *list = NULL;
	char effective[32];
	int r;

	if (!above)
		return kt_err_errno(err, -ENOMEM, "control group %s", path);
	*strrchr(above, '/') = '\0';
	snprintf(effective, sizeof(effective), "%s.effective", file);
	r = kt_cgroup_file_read(mount_fd, above, effective, &list, err);
	return r < 0 ? r : kt_cgroup_file_write(mount_fd, path, file, list, err);
}

int kt_cgroup_set(const struct kt_cgroups *cgroups, const char *group,
		  const char *file, const char *value, struct ktstr_error *err)
{
	const struct setting *setting = find_setting(file);
	_cleanup_free_ char *path = NULL;
	char controller[16], effective[32];
	int r = full_path(cgroups, group, &path, err);

	if (r < 0)
		return r;
	if (!setting)
		return kt_err(err, -EINVAL,
			      "\"%s\" is no file of a control group that can "
			      "be set",
			      file);
	snprintf(controller, sizeof(controller), "%.*s",
		 (int)strcspn(file, "."), file);
	r = enable_down(cgroups->mount_fd, path, controller, err);
	if (r == 0)
		r = kt_cgroup_file_write(cgroups->mount_fd, path, file, value,
					 err);
	if (r == -ENOSPC && setting->kind == SETTING_LIST && !*value && *group)
		return clear_list(cgroups->mount_fd, path, file, err);
	if (r == 0)
		r = read_back(cgroups->mount_fd, path, file, setting->kind,
			      value, err);
	/* A cleared list takes the parent's, whatever that is. */
	if (r < 0 || setting->kind != SETTING_LIST || !*value)
		return r;
	snprintf(effective, sizeof(effective), "%s.effective", file);
	return read_back(cgroups->mount_fd, path, effective, SETTING_LIST,
			 value, err);
}

int kt_cgroup_get(const struct kt_cgroups *cgroups, const char *group,
		  const char *file, char **ret, struct ktstr_error *err)
{
	_cleanup_free_ char *path = NULL;
	int r = full_path(cgroups, group, &path, err);

	if (r < 0)
		return r;
	return kt_cgroup_file_read(cgroups->mount_fd, path, file, ret, err);
}

int kt_cgroup_hand_on(const struct kt_cgroups *cgroups, const char *group,
		      const char *controller, struct ktstr_error *err)
{
	_cleanup_free_ char *path = NULL, *there = NULL, *below = NULL;
	int r = full_path(cgroups, group, &path, err);

	if (r == 0)
		r = kt_cgroup_file_read(cgroups->mount_fd, "",
					"cgroup.controllers", &there, err);
	if (r < 0 || !has_word(there, controller))
		return r;
	below = kt_path_join(path, "below");
	if (!below)
		return kt_err_errno(err, -ENOMEM, "control group %s", path);
	return enable_down(cgroups->mount_fd, below, controller, err);
}

int kt_cgroup_move(const struct kt_cgroups *cgroups, const char *group,
		   pid_t pid, struct ktstr_error *err)
{
	_cleanup_free_ char *path = NULL;
	char text[16];
	int r = full_path(cgroups, group, &path, err);

	if (r < 0)
		return r;
	/* To the kernel 0 is the writer, which nobody means here. */
	if (pid <= 0)
		return kt_err(err, -EINVAL, "%d is no process to move to %s",
			      pid, path);
	snprintf(text, sizeof(text), "%d", pid);
	return kt_cgroup_file_write(cgroups->mount_fd, path, "cgroup.procs",
				    text, err);
}

int kt_cgroup_open_procs(const struct kt_cgroups *cgroups, const char *group,
			 int *ret, struct ktstr_error *err)
{
	_cleanup_free_ char *path = NULL, *file = NULL;
	int r = full_path(cgroups, group, &path, err);

	if (r < 0)
		return r;
	file = kt_path_join(path, "cgroup.procs");
	if (!file)
		return kt_err_errno(err, -ENOMEM, "control group %s", path);
	*ret = openat(cgroups->mount_fd, file, O_WRONLY | O_CLOEXEC);
	return *ret < 0 ? kt_err_errno(err, -errno, "%s", file) : 0;
}

int kt_cgroup_freeze(const struct kt_cgroups *cgroups, const char *group,
		     bool freeze, int timeout_ms, struct ktstr_error *err)
{
	_cleanup_free_ char *path = NULL;
	int r = full_path(cgroups, group, &path, err);

	if (r == 0)
		r = kt_cgroup_file_write(cgroups->mount_fd, path, "cgroup.freeze",
					 freeze ? "1" : "0", err);
	if (r < 0)
		return r;
	return kt_cgroup_await_event(cgroups->mount_fd, path, "frozen", freeze,
				     timeout_ms, err);
}
