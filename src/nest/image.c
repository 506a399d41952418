// SPDX-License-Identifier: GPL-2.0-only
#include "nest/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/beside.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "initramfs/archive.h"
#include "initramfs/modules.h"
#include "kernel/modules.h"
#include "kernel/resolve.h"

#define IMAGE_AGENT      "ktstr-nest-agent"
#define IMAGE_MODULE_MAX (64u << 20)
#define IMAGE_MODULES_IN_USE                                                   \
	"virtio_pci", "virtio_console", "virtiofs", "kvm_amd"

int kt_nest_agent_path(char **ret, struct ktstr_error *err)
{
	_cleanup_free_ char *path = NULL;

	if (kt_beside_find("KTSTR_NEST_AGENT", IMAGE_AGENT,
			   KTSTR_LIBEXECDIR "/" IMAGE_AGENT, &path) < 0)
		return kt_err(err, -ENOMEM, "no memory for a path");
	if (access(path, R_OK) < 0)
		return kt_err_errno(err, -errno,
				    "cannot read the emulated machine's agent "
				    "%s; KTSTR_NEST_AGENT may name another",
				    path);
	*ret = TAKE_PTR(path);
	return 0;
}

static int image_sink(void *userdata, const void *data, size_t length)
{
	return kt_write_all(*(int *)userdata, data, length);
}

static int image_add(struct kt_archive *archive, const char *member,
		     mode_t mode, const char *path, struct ktstr_error *err)
{
	_cleanup_free_ char *data = NULL;
	size_t bytes;
	int r;

	r = kt_read_file(path, IMAGE_MODULE_MAX, &data, &bytes);
	if (r < 0)
		return kt_err_errno(err, r, "cannot read %s", path);
	return kt_archive_add_file(archive, member, mode, data, bytes, err);
}

/* The agent loads modules/NN-NAME in the order of their names. */
static int image_add_modules(struct kt_archive *archive, const char *directory,
			     const struct kt_module_list *modules,
			     struct ktstr_error *err)
{
	int r = kt_archive_add_directory(archive, "modules", 0755, err);

	for (size_t i = 0; r == 0 && i < modules->n_paths; i++) {
		_cleanup_free_ char *path =
			kt_path_join(directory, modules->paths[i]);
		char member[NAME_MAX];
		const char *base;

		if (!path)
			return kt_err(err, -ENOMEM, "no memory for a path");
		base = strrchr(path, '/') + 1;
		snprintf(member, sizeof(member), "modules/%02zu-%s", i, base);
		r = image_add(archive, member, 0644, path, err);
	}
	return r;
}

static int image_make_initrd(const char *directory,
			     const struct kt_module_list *modules, int *ret_fd,
			     struct ktstr_error *err)
{
	_cleanup_(kt_archive_free_cleanup) struct kt_archive *archive = NULL;
	_cleanup_free_ char *agent = NULL;
	_cleanup_close_ int fd = -1;
	int r;

	r = kt_nest_agent_path(&agent, err);
	if (r < 0)
		return r;
	fd = memfd_create("ktstr-nest-initrd", 0);
	if (fd < 0)
		return kt_err_errno(err, -errno, "cannot make a memory file");
	r = kt_archive_open(image_sink, &fd, &archive, err);
	if (r == 0)
		r = kt_archive_add_directory(archive, "dev", 0755, err);
	if (r == 0)
		r = kt_archive_add_char_device(archive, "dev/console", 0600, 5,
					       1, err);
	if (r == 0)
		r = image_add(archive, "init", 0755, agent, err);
	if (r == 0)
		r = image_add_modules(archive, directory, modules, err);
	if (r == 0)
		r = kt_archive_finish(archive, err);
	if (r < 0)
		return kt_err_context(err, r,
				      "cannot pack the emulated machine's "
				      "initramfs");
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* Makes the image of one kernel, if that kernel serves. */
static int image_try(const char *spec, struct kt_nest_image *ret,
		     const struct ktstr_log *log, struct ktstr_error *err)
{
	static const char *const names[] = { IMAGE_MODULES_IN_USE, NULL };
	_cleanup_(kt_kernel_ref_deinit) struct kt_kernel_ref ref = { 0 };
	_cleanup_module_list_ struct kt_module_list modules = { 0 };
	_cleanup_free_ char *directory = NULL;
	int r;

	r = kt_kernel_resolve(spec, &ref, err);
	if (r < 0)
		return r;
	if (!ref.modules_dir)
		return kt_err(err, -ENOENT,
			      "%s has no modules beside it, so no kvm-amd",
			      ref.image);
	r = kt_modules_with_dep(ref.modules_dir, ref.release, &directory, err);
	if (r == 0)
		r = kt_modules_resolve(directory, names, &modules, err);
	if (r == 0)
		r = kt_kernel_open(ref.image, log, &ret->kernel, err);
	if (r < 0)
		return r;
	if (!ret->kernel->elf)
		return kt_err(err, -ENOTSUP, "%s cannot be unpacked: %s",
			      ref.image, ret->kernel->why_not_unpacked);
	return image_make_initrd(directory, &modules, &ret->initrd_fd, err);
}

/*
 * Since 6.14 KVM refuses to emulate an instruction while it thinks that an event
 * is being delivered, and on AMD it tests the type in the exit information
 * without the valid bit (svm_check_emulate_instruction()). QEMU's emulated SVM
 * leaves the type of whatever was injected last there, so that guests die at
 * their first access to a device behind an exception.
 */
static bool image_kernel_is_safe(const char *release)
{
	return strverscmp(release, "6.14") < 0;
}

int kt_nest_image_make(struct kt_nest_image *ret, const struct ktstr_log *log,
		       struct ktstr_error *err)
{
	_cleanup_(kt_kernel_candidates_deinit) struct kt_kernel_candidates found = {
		0
	};
	const char *named = getenv("KTSTR_NEST_KERNEL");
	struct ktstr_error why = { 0 };
	int r;

	*ret = (struct kt_nest_image){ .initrd_fd = -1 };
	if (named && *named) {
		r = image_try(named, ret, log, err);
		return r < 0 ? kt_err_context(err, r, "KTSTR_NEST_KERNEL=%s",
					      named) :
			       0;
	}
	r = kt_kernel_candidates_find("", &found, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < found.n; i++) {
		if (!image_kernel_is_safe(found.list[i].release))
			continue;
		r = image_try(found.list[i].image, ret, log, &why);
		if (r == 0)
			return 0;
		kt_debug(log, "no kernel for the emulated machine: %s",
			 why.message);
		kt_nest_image_deinit(ret);
	}
	return kt_err_kind(err, KTSTR_ERROR_ENVIRONMENT, -ENOENT,
			   "the emulated machine needs a kernel before 6.14 "
			   "with kvm-amd, and none of the %zu at hand is "
			   "one%s%s; fetch it: ktstr kernel fetch 6.12",
			   found.n, *why.message ? ": " : "", why.message);
}

void kt_nest_image_deinit(struct kt_nest_image *image)
{
	kt_kernel_close(image->kernel);
	image->kernel = NULL;
	image->initrd_fd = kt_close(image->initrd_fd);
}
