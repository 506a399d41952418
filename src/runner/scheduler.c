// SPDX-License-Identifier: GPL-2.0-only
#include "runner/scheduler.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "kernel/machine.h"
#include "wire/guest_files.h"

/* As long as a test's. */
#define NAME_MAX_BYTES 128

KT_DEFINE_CLEANUP(struct kt_scheduler *, kt_scheduler_free)

static int no_memory(struct ktstr_error *err)
{
	return kt_err_errno(err, -ENOMEM, "no memory for a scheduler");
}

void kt_texts_deinit(struct kt_texts *texts)
{
	for (size_t i = 0; i < texts->n; i++)
		free(texts->texts[i]);
	free(texts->texts);
	*texts = (struct kt_texts){};
}

void kt_scheduler_free(struct kt_scheduler *scheduler)
{
	if (!scheduler)
		return;
	free(scheduler->name);
	free(scheduler->binary);
	kt_texts_deinit(&scheduler->args);
	kt_texts_deinit(&scheduler->enable);
	kt_texts_deinit(&scheduler->disable);
	for (size_t i = 0; i < scheduler->n_flags; i++) {
		free(scheduler->flags[i].name);
		kt_texts_deinit(&scheduler->flags[i].args);
		kt_texts_deinit(&scheduler->flags[i].needs);
	}
	free(scheduler->flags);
	free(scheduler->cmdline);
	free(scheduler);
}

static int take_text(const json_t *value, const char *what, size_t max_bytes,
		     char **ret, struct ktstr_error *err)
{
	const char *text = json_string_value(value);

	if (!text)
		return kt_err(err, -EINVAL, "%s is no text", what);
	if (strlen(text) > max_bytes)
		return kt_err(err, -EINVAL,
			      "%s is %zu bytes long; %zu are possible", what,
			      strlen(text), max_bytes);
	*ret = strdup(text);
	return *ret ? 0 : no_memory(err);
}

/* As take_text(), for what may also be null. */
static int take_optional(const json_t *object, const char *key,
			 size_t max_bytes, char **ret, struct ktstr_error *err)
{
	const json_t *value = json_object_get(object, key);
	int r;

	if (json_is_null(value))
		return 0;
	r = take_text(value, key, max_bytes, ret, err);
	if (r == 0 && !**ret)
		return kt_err(err, -EINVAL, "%s is empty; leave it out", key);
	return r;
}

static int take_name(const json_t *object, char **ret, struct ktstr_error *err)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-";
	int r = take_text(json_object_get(object, "name"), "its name",
			  NAME_MAX_BYTES, ret, err);

	if (r < 0)
		return r;
	/* It comes to stand in reports, and in names of files. */
	if (!**ret || strspn(*ret, allowed) != strlen(*ret)) {
		free(TAKE_PTR(*ret));
		return kt_err(err, -EINVAL,
			      "its name is not made of letters, digits, _ and "
			      "-");
	}
	return 0;
}

static int take_texts(const json_t *list, const char *what, size_t max_n,
		      struct kt_texts *ret, struct ktstr_error *err)
{
	size_t n = json_array_size(list);

	if (!json_is_array(list))
		return kt_err(err, -EINVAL, "\"%s\" is no list", what);
	if (n > max_n)
		return kt_err(err, -EINVAL,
			      "%s: %zu are too many; %zu are "
			      "possible",
			      what, n, max_n);
	ret->texts = calloc(n + 1, sizeof(*ret->texts));
	if (!ret->texts)
		return no_memory(err);
	for (size_t i = 0; i < n; i++) {
		int r = take_text(json_array_get(list, i), "it",
				  KT_SCHEDULER_TEXT_MAX, &ret->texts[i], err);

		if (r < 0)
			return kt_err_context(err, r, "%s[%zu]", what, i);
		ret->n++;
	}
	return 0;
}

/* Commands: an empty one is a slip. */
static int take_lines(const json_t *object, const char *key,
		      struct kt_texts *ret, struct ktstr_error *err)
{
	int r = take_texts(json_object_get(object, key), key,
			   KT_SCHEDULER_LINES_MAX, ret, err);

	for (size_t i = 0; r == 0 && i < ret->n; i++) {
		const char *line = ret->texts[i];

		if (strspn(line, " \t\n") == strlen(line))
			r = kt_err(err, -EINVAL,
				   "%s[%zu] is no command: it is "
				   "empty",
				   key, i);
	}
	return r;
}

static const struct kt_scheduler_flag *find_flag(
	const struct kt_scheduler *scheduler, const char *name)
{
	for (size_t i = 0; i < scheduler->n_flags; i++) {
		if (strcmp(scheduler->flags[i].name, name) == 0)
			return &scheduler->flags[i];
	}
	return NULL;
}

static int take_flag(const json_t *entry, struct kt_scheduler *scheduler,
		     struct ktstr_error *err)
{
	struct kt_scheduler_flag *flag = &scheduler->flags[scheduler->n_flags];
	int r = take_name(entry, &flag->name, err);

	if (r == 0 && find_flag(scheduler, flag->name))
		r = kt_err(err, -EINVAL, "there are two of the name %s",
			   flag->name);
	if (r == 0 && strcmp(flag->name, KT_PROFILE_PLAIN) == 0)
		r = kt_err(err, -EINVAL,
			   "a flag cannot be called \"%s\": that is what "
			   "running without any is called",
			   flag->name);
	/* From here on it is the scheduler's to free. */
	scheduler->n_flags++;
	if (r == 0)
		r = take_texts(json_object_get(entry, "args"), "args",
			       KT_SCHEDULER_ARGS_MAX, &flag->args, err);
	if (r == 0 && flag->args.n == 0)
		r = kt_err(err, -EINVAL,
			   "%s has no args, so it changes nothing", flag->name);
	if (r == 0)
		r = take_texts(json_object_get(entry, "needs"), "needs",
			       KT_SCHEDULER_FLAGS_MAX, &flag->needs, err);
	return r;
}

static int check_needs(const struct kt_scheduler *scheduler,
		       struct ktstr_error *err)
{
	for (size_t i = 0; i < scheduler->n_flags; i++) {
		const struct kt_scheduler_flag *flag = &scheduler->flags[i];

		for (size_t j = 0; j < flag->needs.n; j++) {
			const char *name = flag->needs.texts[j];

			if (find_flag(scheduler, name) == flag)
				return kt_err(err, -EINVAL,
					      "the flag %s needs itself",
					      flag->name);
			if (!find_flag(scheduler, name))
				return kt_err(err, -EINVAL,
					      "the flag %s needs \"%s\", which "
					      "is no flag of the scheduler",
					      flag->name, name);
		}
	}
	return 0;
}

static int take_flags(const json_t *object, struct kt_scheduler *scheduler,
		      struct ktstr_error *err)
{
	const json_t *list = json_object_get(object, "flags");
	size_t n = json_array_size(list);

	if (!json_is_array(list))
		return kt_err(err, -EINVAL, "\"flags\" is no list");
	if (n > KT_SCHEDULER_FLAGS_MAX)
		return kt_err(err, -EINVAL,
			      "flags: %zu are too many; %d are possible", n,
			      KT_SCHEDULER_FLAGS_MAX);
	scheduler->flags = calloc(n + 1, sizeof(*scheduler->flags));
	if (!scheduler->flags)
		return no_memory(err);
	for (size_t i = 0; i < n; i++) {
		int r = take_flag(json_array_get(list, i), scheduler, err);

		if (r < 0)
			return kt_err_context(err, r, "flags[%zu]", i);
	}
	return check_needs(scheduler, err);
}

static int check_cmdline(const char *cmdline, struct ktstr_error *err)
{
	for (const char *c = cmdline; c && *c; c++) {
		if (*c < ' ' || *c > '~')
			return kt_err(err, -EINVAL,
				      "cmdline: byte 0x%02x at offset %zu is "
				      "nothing for a kernel's command line",
				      (unsigned char)*c, (size_t)(c - cmdline));
	}
	return 0;
}

/* What only a program can be given. */
static int check_binary_use(const struct kt_scheduler *scheduler,
			    const struct kt_texts *extra_args,
			    struct ktstr_error *err)
{
	const char *what = extra_args->n ? "the test's extra_sched_args" : NULL;

	if (scheduler && scheduler->binary)
		return 0;
	if (scheduler && scheduler->args.n)
		what = "args";
	else if (scheduler && scheduler->n_flags)
		what = "flags";
	return what ? kt_err(err, -EINVAL,
			     "%s are for a scheduler's binary, and there is "
			     "none: set .binary of KTSTR_SCHEDULER()",
			     what) :
		      0;
}

static int take_members(const json_t *object, struct kt_scheduler *scheduler,
			struct ktstr_error *err)
{
	int r = take_optional(object, "binary", KT_SCHEDULER_TEXT_MAX,
			      &scheduler->binary, err);

	if (r == 0)
		r = take_texts(json_object_get(object, "args"), "args",
			       KT_SCHEDULER_ARGS_MAX, &scheduler->args, err);
	if (r == 0)
		r = take_lines(object, "enable", &scheduler->enable, err);
	if (r == 0)
		r = take_lines(object, "disable", &scheduler->disable, err);
	if (r == 0)
		r = take_flags(object, scheduler, err);
	if (r == 0)
		r = take_optional(object, "cmdline", KT_SCHEDULER_CMDLINE_MAX,
				  &scheduler->cmdline, err);
	return r == 0 ? check_cmdline(scheduler->cmdline, err) : r;
}

int kt_scheduler_take(const json_t *entry, struct kt_scheduler **ret,
		      struct kt_texts *ret_extra_args, struct ktstr_error *err)
{
	_cleanup_(kt_scheduler_free_cleanup) struct kt_scheduler *scheduler =
		NULL;
	const json_t *object = json_object_get(entry, "scheduler");
	const json_t *extra = json_object_get(entry, "extra_sched_args");
	int r = 0;

	if (object && !json_is_null(object)) {
		if (!json_is_object(object))
			return kt_err(err, -EINVAL,
				      "\"scheduler\" is neither null nor an "
				      "object");
		scheduler = calloc(1, sizeof(*scheduler));
		if (!scheduler)
			return no_memory(err);
		r = take_name(object, &scheduler->name, err);
		if (r == 0)
			r = take_members(object, scheduler, err);
		if (r < 0)
			return kt_err_context(err, r, "scheduler %s",
					      scheduler->name ?:
								"without a name");
	}
	if (extra)
		r = take_texts(extra, "extra_sched_args", KT_SCHEDULER_ARGS_MAX,
			       ret_extra_args, err);
	if (r == 0)
		r = check_binary_use(scheduler, ret_extra_args, err);
	if (r == 0)
		*ret = TAKE_PTR(scheduler);
	return r;
}

/* A program that this machine, and so a guest, can run. */
static int check_program(const char *path, struct ktstr_error *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf64_Ehdr header;
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return kt_err(err, -ENOENT,
			      "there is no %s; build it, or correct .binary, "
			      "which is relative to where ktstr is run",
			      path);
	if (fd < 0)
		return kt_err_errno(err, -errno, "cannot open %s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return kt_err(err, -EINVAL,
			      "%s is a directory or a device, not a program",
			      path);
	if (kt_pread_all(fd, &header, sizeof(header), 0) < 0 ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
		return kt_err(err, -ENOEXEC,
			      "%s is no ELF program; what a script starts is "
			      "what .binary has to name",
			      path);
	if (header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    header.e_ident[EI_DATA] != ELFDATA2LSB ||
	    header.e_machine != KT_MACHINE_ELF)
		return kt_err(err, -ENOEXEC,
			      "%s is for another machine (ELF class %u, "
			      "machine %u); guests are " KT_MACHINE_NAME ": "
			      "build it for that",
			      path, header.e_ident[EI_CLASS], header.e_machine);
	if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
		return kt_err(err, -ENOEXEC,
			      "%s is an ELF file of type %u, no program: an "
			      "object file? .binary names what loads it",
			      path, header.e_type);
	if (access(path, X_OK) < 0)
		return kt_err(err, -EACCES,
			      "%s is not executable; `chmod +x` it", path);
	return 0;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int find_binary(struct kt_scheduler_plan *plan, const char *binary,
		       struct ktstr_error *err)
{
	_cleanup_free_ char *here = getcwd(NULL, 0);
	int r;

	if (!here)
		return kt_err_errno(err, -errno, "the current directory");
	plan->host_path =
		*binary == '/' ? strdup(binary) : kt_path_join(here, binary);
	if (!plan->host_path)
		return no_memory(err);
	r = check_program(plan->host_path, err);
	if (r < 0)
		return kt_err_context(err, r, "binary \"%s\"", binary);
	plan->guest_path =
		kt_path_join(KT_GUEST_SCHEDULER_DIR, base_name(binary));
	return plan->guest_path ? 0 : no_memory(err);
}

static int plan_files(struct kt_scheduler_plan *plan,
		      const struct ktstr_include_file *files, size_t n,
		      struct ktstr_error *err)
{
	plan->include_files = calloc(n + 1, sizeof(*files));
	if (!plan->include_files)
		return no_memory(err);
	for (size_t i = 0; i < n; i++)
		plan->include_files[i] = files[i];
	plan->n_include_files = n;
	if (plan->host_path)
		plan->include_files[plan->n_include_files++] =
			(struct ktstr_include_file){
				.archive_path = plan->guest_path + 1,
				.host_path = plan->host_path,
			};
	return 0;
}

static size_t count(const char *const *texts)
{
	size_t n = 0;

	while (texts && texts[n])
		n++;
	return n;
}

static int plan_args(struct kt_scheduler_plan *plan, const char *test,
		     const char *const *const *lists, size_t n_lists,
		     struct ktstr_error *err)
{
	size_t n = 3, at = 0;

	for (size_t i = 0; i < n_lists; i++)
		n += count(lists[i]);
	plan->run_args = calloc(n + 1, sizeof(*plan->run_args));
	if (!plan->run_args)
		return no_memory(err);
	plan->run_args[at++] = KT_TEST_ARG_RUN;
	plan->run_args[at++] = test;
	if (!plan->guest_path)
		return 0;
	plan->run_args[at++] = plan->guest_path;
	for (size_t i = 0; i < n_lists; i++) {
		for (size_t j = 0; j < count(lists[i]); j++)
			plan->run_args[at++] = lists[i][j];
	}
	return 0;
}

int kt_scheduler_plan_init(struct kt_scheduler_plan *plan, const char *test,
			   const struct kt_scheduler *scheduler,
			   const char *const *profile_args,
			   const struct kt_texts *extra_args,
			   const struct ktstr_include_file *include_files,
			   size_t n_include_files, struct ktstr_error *err)
{
	const char *const *const lists[] = {
		scheduler ? (const char *const *)scheduler->args.texts : NULL,
		profile_args,
		(const char *const *)extra_args->texts,
	};
	int r = 0;

	*plan = (struct kt_scheduler_plan){};
	if (scheduler && scheduler->binary)
		r = find_binary(plan, scheduler->binary, err);
	if (r == 0)
		r = plan_files(plan, include_files, n_include_files, err);
	if (r == 0)
		r = plan_args(plan, test, lists, KT_ARRAY_SIZE(lists), err);
	if (r < 0)
		kt_scheduler_plan_deinit(plan);
	return r < 0 && scheduler ?
		       kt_err_context(err, r, "scheduler %s", scheduler->name) :
		       r;
}

void kt_scheduler_plan_deinit(struct kt_scheduler_plan *plan)
{
	free(plan->run_args);
	free(plan->include_files);
	free(plan->host_path);
	free(plan->guest_path);
	*plan = (struct kt_scheduler_plan){};
}

uint32_t kt_scheduler_time_s(const struct kt_scheduler *scheduler)
{
	size_t n;

	if (!scheduler)
		return 0;
	n = scheduler->enable.n + scheduler->disable.n;
	return (uint32_t)n * KT_SCHEDULER_LINE_S +
	       (scheduler->binary ? KT_SCHEDULER_ATTACH_S + KT_SCHEDULER_STOP_S :
				    0);
}
