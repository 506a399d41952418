// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "vmm/config_copy.h"
#include "vmm/x86_64/acpi.h"

#define INIT_NAME       "ktstr-init"
#define BZIMAGE_IN_TREE "arch/x86/boot/bzImage"
#define PROBE_PATH      "bin/ktstr-jemalloc-probe"
#define WORKER_PATH     "bin/ktstr-jemalloc-alloc-worker"

/* Released with 0.1; a later field is absent in what an older caller hands in. */
#define CONFIG_SIZE_0_1 sizeof(struct ktstr_vm_config)

static int no_memory(struct ktstr_error *err)
{
	return kt_err_errno(err, -ENOMEM, "no memory for a configuration");
}

static int check_size(const struct ktstr_vm_config *public,
		      struct ktstr_error *err)
{
	if (public->size == 0)
		return kt_err(err, -EINVAL,
			      "the configuration's size is 0; make it with "
			      "KTSTR_VM_CONFIG()");
	if (public->size != CONFIG_SIZE_0_1)
		return kt_err(err, -EINVAL,
			      "the configuration is %zu bytes long, not %zu: "
			      "built against another version of libktstr",
			      public->size, CONFIG_SIZE_0_1);
	return 0;
}

/*
 * What to look for, before anything else is known to be right. A path must
 * exist; a version, which has no slash, is looked up later.
 */
static int find_kernel_spec(const struct ktstr_vm_config *public, char **ret,
			    struct ktstr_error *err)
{
	_cleanup_free_ char *spec = NULL;

	if (public->kernel && public->kernel_dir)
		return kt_err(err, -EINVAL,
			      "kernel (%s) and kernel_dir (%s) exclude each "
			      "other",
			      public->kernel, public->kernel_dir);
	if (public->kernel_dir)
		spec = kt_path_join(public->kernel_dir, BZIMAGE_IN_TREE);
	else if (public->kernel && *public->kernel)
		spec = strdup(public->kernel);
	else
		return kt_err(err, -EINVAL,
			      "kernel path required: set kernel to an image, "
			      "a source tree or a version such as \"7.3\"");
	if (!spec)
		return no_memory(err);
	if (strchr(spec, '/') && access(spec, F_OK) < 0)
		return kt_err(err, -errno, "kernel not found: %s", spec);
	*ret = TAKE_PTR(spec);
	return 0;
}

static int check_memory(const struct ktstr_vm_config *public,
			struct ktstr_error *err)
{
	if (public->memory_deferred || public->memory_deferred_min_mib)
		return 0;
	if (public->memory_mib == 0)
		return kt_err(err, -EINVAL,
			      "memory_mib must be > 0 (a VM with zero memory "
			      "cannot boot); leave it out to get the default");
	return 0;
}

/* Memory that the nodes declare is final; nothing is left to be deferred. */
static int settle_memory(struct kt_config *config,
			 const struct ktstr_vm_config *public,
			 struct ktstr_error *err)
{
	bool deferred =
		public->memory_deferred || public->memory_deferred_min_mib;
	uint32_t declared = kt_topology_memory_mib(config->topology);

	config->memory_min_mib = public->memory_deferred_min_mib;
	config->memory_mib = deferred ? 0 : public->memory_mib;
	if (!config->topology->has_declared_memory) {
		return deferred ? 0 :
				  kt_topology_assign_memory(config->topology,
							    config->memory_mib,
							    err);
	}
	if (declared < config->memory_min_mib)
		return kt_err(err, -EINVAL,
			      "the nodes declare %u MiB together, less than "
			      "memory_deferred_min_mib (%u)",
			      declared, config->memory_min_mib);
	if (deferred)
		config->memory_mib = declared;
	return kt_topology_assign_memory(config->topology, config->memory_mib,
					 err);
}

/* A file that will be packed: there, readable, and regular. */
int kt_config_check_file(const char *what, const char *path, struct ktstr_error *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno == ENOENT ?
			       kt_err(err, -ENOENT, "%s not found: %s", what,
				      path) :
			       kt_err_errno(err, -errno, "%s %s", what, path);
	if (!S_ISREG(st.st_mode))
		return kt_err(err, -EINVAL, "%s is not a regular file: %s",
			      what, path);
	return 0;
}

int kt_config_find_init(char **ret, struct ktstr_error *err)
{
	_cleanup_free_ char *beside = NULL;
	const char *named = getenv("KTSTR_INIT");
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (named && *named) {
		if (access(named, R_OK) < 0)
			return kt_err(err, -errno,
				      "init binary not found: %s (KTSTR_INIT)",
				      named);
		*ret = strdup(named);
		return *ret ? 0 : no_memory(err);
	}
	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash) {
		*slash = '\0';
		beside = kt_path_join(self, INIT_NAME);
		if (!beside)
			return no_memory(err);
		if (access(beside, R_OK) == 0) {
			*ret = TAKE_PTR(beside);
			return 0;
		}
	}
	named = KTSTR_LIBEXECDIR "/" INIT_NAME;
	if (access(named, R_OK) < 0)
		return kt_err(err, -ENOENT,
			      "ktstr's own init is neither %s nor %s; name it "
			      "with KTSTR_INIT or set init_binary",
			      beside ? beside : "beside the program", named);
	*ret = strdup(named);
	return *ret ? 0 : no_memory(err);
}

static int copy_init(struct kt_config *config,
		     const struct ktstr_vm_config *public,
		     struct ktstr_error *err)
{
	const char *init = public->init_binary;
	int r;

	if (!init) {
		if (public->run_args && public->run_args[0])
			return kt_err(err, -EINVAL,
				      "run_args need an init_binary to be "
				      "given to; ktstr's own init takes none");
		return kt_config_find_init(&config->init_binary, err);
	}
	/* /proc/self/exe and the like need not resolve for us. */
	if (strncmp(init, "/proc/", 6) != 0) {
		r = kt_config_check_file("init binary", init, err);
		if (r)
			return r;
	}
	config->init_binary = strdup(init);
	return config->init_binary ? 0 : no_memory(err);
}

static int check_command(const struct ktstr_vm_config *public,
			 struct ktstr_error *err)
{
	if (public->exec_cmd && !public->busybox)
		return kt_err(err, -EINVAL,
			      "exec_cmd needs a shell in the guest: set "
			      "busybox");
	if (public->exec_cmd && !*public->exec_cmd)
		return kt_err(err, -EINVAL, "exec_cmd is empty");
	if (!public->init_binary && !public->exec_cmd && !public->busybox)
		return kt_err(err, -EINVAL,
			      "nothing to run: set init_binary, exec_cmd, or "
			      "busybox for a shell");
	if (public->timeout_ms == 0)
		return kt_err(err, -EINVAL,
			      "timeout_ms must be > 0; KTSTR_TIMEOUT_NONE is "
			      "no timeout");
	return 0;
}

/* Relative, and no way out of the guest's root. */
static int check_archive_path(const char *path, struct ktstr_error *err)
{
	const char *at = path;

	if (!*path || *path == '/')
		return kt_err(err, -EINVAL,
			      "include_files: the archive path \"%s\" must be "
			      "relative to the guest's root",
			      path);
	while (at) {
		if (strncmp(at, "..", 2) == 0 && (!at[2] || at[2] == '/'))
			return kt_err(err, -EINVAL,
				      "include_files: the archive path \"%s\" "
				      "must not contain \"..\"",
				      path);
		at = strchr(at, '/');
		at = at ? at + 1 : NULL;
	}
	return 0;
}

static int copy_file(struct kt_initramfs_file *ret, const char *archive_path,
		     const char *host_path, struct ktstr_error *err)
{
	ret->archive_path = strdup(archive_path);
	ret->host_path = strdup(host_path);
	return ret->archive_path && ret->host_path ? 0 : no_memory(err);
}

static int copy_include_files(struct kt_config *config,
			      const struct ktstr_vm_config *public,
			      struct ktstr_error *err)
{
	if (!public->n_include_files)
		return 0;
	config->include_files =
		calloc(public->n_include_files, sizeof(*config->include_files));
	if (!config->include_files)
		return no_memory(err);
	for (size_t i = 0; i < public->n_include_files; i++) {
		const struct ktstr_include_file *f = &public->include_files[i];
		int r;

		if (!f->archive_path || !f->host_path)
			return kt_err(err, -EINVAL,
				      "include_files[%zu] lacks a path", i);
		r = check_archive_path(f->archive_path, err);
		if (!r)
			r = kt_config_check_file("included file", f->host_path, err);
		if (!r)
			r = copy_file(&config->include_files[i],
				      f->archive_path, f->host_path, err);
		config->n_include_files++;
		if (r)
			return r;
	}
	return 0;
}

int kt_config_copy_binary(struct kt_config *config, const char *what,
		       const char *archive_path, const char *host_path,
		       struct ktstr_error *err)
{
	int r;

	if (!host_path)
		return 0;
	r = kt_config_check_file(what, host_path, err);
	if (r)
		return r;
	return copy_file(&config->binaries[config->n_binaries++], archive_path,
			 host_path, err);
}

int kt_config_copy_strings(const char *const *from, char ***ret,
			struct ktstr_error *err)
{
	size_t n = 0;

	if (!from || !from[0])
		return 0;
	while (from[n])
		n++;
	*ret = calloc(n + 1, sizeof(**ret));
	if (!*ret)
		return no_memory(err);
	for (size_t i = 0; i < n; i++) {
		(*ret)[i] = strdup(from[i]);
		if (!(*ret)[i])
			return no_memory(err);
	}
	return 0;
}

int kt_config_copy_string(const char *from, char **ret, struct ktstr_error *err)
{
	if (!from || !*from)
		return 0;
	*ret = strdup(from);
	return *ret ? 0 : no_memory(err);
}

static int copy_thresholds(struct kt_config *config,
			   const struct ktstr_vm_config *public,
			   struct ktstr_error *err)
{
	const struct ktstr_monitor_thresholds *thresholds =
		public->monitor_thresholds;

	config->monitor = public->monitor;
	config->watchdog_timeout_ms = public->watchdog_timeout_ms;
	config->monitor_thresholds = KTSTR_MONITOR_THRESHOLDS();
	if (!thresholds)
		return 0;
	if (!public->monitor)
		return kt_err(err, -EINVAL,
			      "monitor_thresholds are set but monitor is not; "
			      "nothing would be held against them");
	if (!thresholds->sustained_samples)
		return kt_err(
			err, -EINVAL,
			"monitor_thresholds.sustained_samples must be > 0, "
			"not 0: it is how many samples in a row must "
			"break a threshold");
	config->monitor_thresholds = *thresholds;
	return 0;
}

/* Found out now, and not when the guest has run. */
static int copy_memory_image(struct kt_config *config,
			     const struct ktstr_vm_config *public,
			     struct ktstr_error *err)
{
	const char *path = public->memory_image;
	const char *slash = path ? strrchr(path, '/') : NULL;
	_cleanup_free_ char *directory = NULL;

	if (!path)
		return 0;
	if (!public->monitor)
		return kt_err(
			err, -EINVAL,
			"memory_image needs the monitor, which knows where "
			"the guest's kernel keeps things: set monitor");
	if (asprintf(&directory, "%.*s.", slash ? (int)(slash + 1 - path) : 0,
		     path) < 0)
		return no_memory(err);
	if (access(directory, W_OK | X_OK) < 0)
		return kt_err_errno(err, -errno,
				    "the guest's memory cannot be saved as "
				    "\"%s\": no file can be made beside it",
				    path);
	config->memory_image_after_ms = public->memory_image_after_ms;
	return kt_config_copy_string(path, &config->memory_image, err);
}

static int copy_disk(struct kt_config *config,
		     const struct ktstr_vm_config *public,
		     struct ktstr_error *err)
{
	if (!public->disk)
		return 0;
	config->has_disk = true;
	return kt_disk_init(&config->disk, public->disk, err);
}

static int copy_network(struct kt_config *config,
			const struct ktstr_vm_config *public,
			struct ktstr_error *err)
{
	uint32_t n_cpus = config->topology->n_cpus, pairs;

	if (!public->network)
		return 0;
	pairs = public->network->queue_pairs;
	if (pairs > KTSTR_NETWORK_MAX_PAIRS)
		return kt_err(err, -EINVAL,
			      "network.queue_pairs must be %d at most, not %u; "
			      "0 is one a CPU",
			      KTSTR_NETWORK_MAX_PAIRS, pairs);
	config->network_pairs =
		pairs ?: KT_MIN(n_cpus, (uint32_t)KTSTR_NETWORK_MAX_PAIRS);
	return 0;
}

static int check_and_copy(struct kt_config *config,
			  const struct ktstr_vm_config *public,
			  struct ktstr_error *err)
{
	_cleanup_free_ char *spec = NULL;
	int r;

	r = check_size(public, err);
	if (!r)
		r = find_kernel_spec(public, &spec, err);
	if (!r)
		r = kt_topology_from_public(&public->topology,
					    &config->topology, err);
	if (!r)
		r = kt_acpi_check_room(config->topology, err);
	if (!r)
		r = check_memory(public, err);
	if (!r)
		r = settle_memory(config, public, err);
	if (!r)
		r = copy_init(config, public, err);
	if (!r)
		r = check_command(public, err);
	if (!r)
		r = copy_include_files(config, public, err);
	if (!r)
		r = kt_config_copy_binary(config, "jemalloc_probe_binary", PROBE_PATH,
				public->jemalloc_probe_binary, err);
	if (!r)
		r = kt_config_copy_binary(config, "jemalloc_alloc_worker_binary",
				WORKER_PATH,
				public->jemalloc_alloc_worker_binary, err);
	if (!r)
		r = kt_config_copy_strings(public->run_args, &config->run_args, err);
	if (!r)
		r = kt_config_copy_strings(public->kernel_symbols,
				 &config->kernel_symbols, err);
	if (!r)
		r = copy_thresholds(config, public, err);
	if (!r)
		r = copy_memory_image(config, public, err);
	if (!r)
		r = copy_disk(config, public, err);
	if (!r)
		r = copy_network(config, public, err);
	if (!r)
		r = kt_config_copy_scheduler(config, public, err);
	if (!r)
		r = kt_config_copy_string(public->cmdline, &config->cmdline, err);
	if (!r)
		r = kt_config_copy_string(public->exec_cmd, &config->exec_cmd, err);
	config->timeout_ms = public->timeout_ms;
	config->busybox = public->busybox;
	config->dmesg = public->dmesg;
	config->stdio = public->stdio;
	config->log = public->log;
	/* Last, since unpacking a kernel for the first time takes a second. */
	if (!r)
		r = kt_kernel_resolve(spec, &config->kernel_ref, err);
	if (!r)
		r = kt_kernel_open(config->kernel_ref.image, config->log,
				   &config->kernel, err);
	return r;
}

int kt_config_init(struct kt_config *config,
		   const struct ktstr_vm_config *public, struct ktstr_error *err)
{
	int r;

	*config = (struct kt_config){};
	r = check_and_copy(config, public, err);
	if (r)
		kt_config_deinit(config);
	return r;
}

void kt_config_free_strings(char **strings)
{
	for (size_t i = 0; strings && strings[i]; i++)
		free(strings[i]);
	free(strings);
}

static void free_files(struct kt_initramfs_file *files, size_t n_files)
{
	for (size_t i = 0; i < n_files; i++) {
		free((char *)files[i].archive_path);
		free((char *)files[i].host_path);
	}
}

void kt_config_deinit(struct kt_config *config)
{
	kt_kernel_close(config->kernel);
	kt_kernel_ref_deinit(&config->kernel_ref);
	kt_topology_free(config->topology);
	free(config->init_binary);
	kt_config_free_strings(config->run_args);
	kt_config_free_strings(config->kernel_symbols);
	kt_config_free_scheduler(config);
	kt_disk_deinit(&config->disk);
	free(config->memory_image);
	free(config->cmdline);
	free(config->exec_cmd);
	free_files(config->include_files, config->n_include_files);
	free(config->include_files);
	free_files(config->binaries, config->n_binaries);
	*config = (struct kt_config){};
}
