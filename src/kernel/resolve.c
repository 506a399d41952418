// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "kernel/cache.h"
#include "kernel/elf.h"
#include "kernel/image.h"
#include "kernel/machine.h"
#include "kernel/modules.h"
#include "kernel/resolve.h"

/* Where a kernel tree has its image, ours and the other architecture's. */
#define BOOT_TROUBLE_BYTES 128
#define X86_IMAGE   "arch/x86/boot/bzImage"
#define ARM64_IMAGE "arch/arm64/boot/Image"
#if defined(__x86_64__)
#define TREE_IMAGE         X86_IMAGE
#define TREE_TARGET        "bzImage"
#define FOREIGN_TREE_IMAGE ARM64_IMAGE
#define FOREIGN_MACHINE    "arm64"
#else
#define TREE_IMAGE         ARM64_IMAGE
#define TREE_TARGET        "Image"
#define FOREIGN_TREE_IMAGE X86_IMAGE
#define FOREIGN_MACHINE    "x86-64"
#endif

static int out_of_memory(struct ktstr_error *err)
{
	return kt_err(err, -ENOMEM, "out of memory");
}

static bool is_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode);
}

void kt_kernel_ref_deinit(struct kt_kernel_ref *ref)
{
	free(ref->image);
	free(ref->release);
	free(ref->modules_dir);
	free(ref->vmlinux);
	*ref = (struct kt_kernel_ref){0};
}

void kt_kernel_candidates_deinit(struct kt_kernel_candidates *candidates)
{
	for (size_t i = 0; i < candidates->n; i++)
		free(candidates->list[i].image);
	free(candidates->list);
	*candidates = (struct kt_kernel_candidates){0};
}

/* Takes `image`. */
static int add_candidate(struct kt_kernel_candidates *candidates,
			 enum kt_kernel_place place, char *image,
			 const char *release)
{
	struct kt_kernel_candidate *grown;

	grown = reallocarray(candidates->list, candidates->n + 1, sizeof(*grown));
	if (!grown) {
		free(image);
		return -ENOMEM;
	}
	candidates->list = grown;
	grown += candidates->n++;
	*grown = (struct kt_kernel_candidate){.place = place, .image = image};
	strcpy(grown->release, release);
	return 0;
}

/*
 * An entry "PREFIXrelease" with the image at `inside` of it ("": itself).
 * -errno when the directory is there and cannot be read.
 */
static int scan(const char *directory, const char *prefix, const char *inside,
		enum kt_kernel_place place,
		struct kt_kernel_candidates *candidates)
{
	_cleanup_closedir_ DIR *d = opendir(directory);
	size_t prefix_bytes = strlen(prefix);
	struct dirent *entry;

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(d))) {
		const char *name = entry->d_name;
		char release[KT_RELEASE_BYTES];
		char *image;

		if (strncmp(name, prefix, prefix_bytes) ||
		    kt_release_parse(name + prefix_bytes,
				     strlen(name + prefix_bytes), release) ||
		    strcmp(release, name + prefix_bytes))
			continue;
		if (asprintf(&image, "%s/%s%s", directory, name, inside) < 0)
			return -ENOMEM;
		if (!is_file(image)) {
			free(image);
			continue;
		}
		if (add_candidate(candidates, place, image, release))
			return -ENOMEM;
	}
	return 0;
}

static int by_place_then_newest(const void *a, const void *b)
{
	const struct kt_kernel_candidate *left = a, *right = b;

	if (left->place != right->place)
		return left->place < right->place ? -1 : 1;
	return -kt_release_compare(left->release, right->release);
}

static int scan_cache(struct kt_kernel_candidates *candidates,
		      struct ktstr_error *err)
{
	_cleanup_free_ char *cache = NULL;
	struct ktstr_error why;
	int r = kt_cache_path("kernels", &cache, &why);

	/* Without a place for a cache there is nothing in it. */
	if (r == -ENOENT)
		return 0;
	if (r) {
		if (err)
			*err = why;
		return r;
	}
	r = scan(cache, "", "/vmlinuz", KT_KERNEL_IN_CACHE, candidates);
	return r ? kt_err_errno(err, r,
				"cannot read the cache %s (set KTSTR_CACHE_DIR "
				"to use another place)",
				cache)
		 : 0;
}

int kt_kernel_candidates_find(const char *root, struct kt_kernel_candidates *ret,
			      struct ktstr_error *err)
{
	_cleanup_(kt_kernel_candidates_deinit) struct kt_kernel_candidates found = {
		0};
	_cleanup_free_ char *boot = NULL, *modules = NULL;
	int r;

	boot = kt_path_join(*root ? root : "/", "boot");
	modules = kt_path_join(*root ? root : "/", "usr/lib/modules");
	if (!boot || !modules)
		return out_of_memory(err);
	r = scan_cache(&found, err);
	if (r)
		return r;
	/* Not everybody may look into these, nor needs to. */
	found.boot_error = scan(boot, "vmlinuz-", "", KT_KERNEL_IN_BOOT, &found);
	r = scan(modules, "", "/vmlinuz", KT_KERNEL_IN_MODULES, &found);
	if (r == -ENOMEM || found.boot_error == -ENOMEM)
		return out_of_memory(err);
	if (found.n)
		qsort(found.list, found.n, sizeof(*found.list),
		      by_place_then_newest);
	*ret = found;
	found = (struct kt_kernel_candidates){0};
	return 0;
}

static int read_release(const char *image, char *ret, struct ktstr_error *err)
{
	_cleanup_(kt_mapped_file_deinit) struct kt_mapped_file file = {0};
	int r;

	r = kt_mapped_file_open(image, &file, err);
	if (!r)
		r = kt_image_release(file.data, file.bytes, ret, err);
	if (!r && !*ret)
		r = kt_err(err, -ENOEXEC, "the image names no kernel release");
	return r ? kt_err_context(err, r, "%s", image) : 0;
}

static bool is_elf(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t magic[4];

	return fd >= 0 && !kt_read_all(fd, magic, sizeof(magic)) &&
	       kt_elf_detect(magic, sizeof(magic));
}

/* The ELF with symbols: in the tree, beside the image, or a debug package's. */
static int find_vmlinux(const char *image, const char *release,
			const char *root, char **ret)
{
	_cleanup_free_ char *directory = strdup(image);
	char *paths[5] = {0};
	char *slash;
	int r = 0;

	if (!directory)
		return -ENOMEM;
	slash = strrchr(directory, '/');
	if (slash)
		*slash = '\0';
	else
		strcpy(directory, ".");
	if (asprintf(&paths[0], "%s/vmlinux", directory) < 0 ||
	    asprintf(&paths[1], "%s/vmlinux-%s", directory, release) < 0 ||
	    asprintf(&paths[2], "%s/../../../vmlinux", directory) < 0 ||
	    asprintf(&paths[3], "%s/usr/lib/debug/boot/vmlinux-%s", root,
		     release) < 0 ||
	    asprintf(&paths[4], "%s/usr/lib/debug/lib/modules/%s/vmlinux", root,
		     release) < 0)
		r = -ENOMEM;
	for (size_t i = 0; !r && i < KT_ARRAY_SIZE(paths); i++) {
		/* Three levels up is a tree only from arch/ARCH/boot. */
		if (i == 2 && !strstr(image, TREE_IMAGE))
			continue;
		if (!*ret && is_elf(paths[i]))
			*ret = TAKE_PTR(paths[i]);
	}
	for (size_t i = 0; i < KT_ARRAY_SIZE(paths); i++)
		free(paths[i]);
	return r;
}

/* Everything that there is to know about an image, from its path. */
static int describe(const char *root, const char *image,
		    struct kt_kernel_ref *ret, struct ktstr_error *err)
{
	_cleanup_(kt_kernel_ref_deinit) struct kt_kernel_ref ref = {0};
	_cleanup_free_ char *modules = NULL;
	char release[KT_RELEASE_BYTES];
	int r;

	r = read_release(image, release, err);
	if (r)
		return r;
	ref.image = strdup(image);
	ref.release = strdup(release);
	if (!ref.image || !ref.release)
		return out_of_memory(err);
	r = kt_modules_find(image, release, root, &modules, err);
	if (!r && modules)
		r = kt_modules_with_dep(modules, release, &ref.modules_dir, err);
	if (r)
		return r;
	if (is_elf(image))
		ref.vmlinux = strdup(image);
	else if (find_vmlinux(image, release, root, &ref.vmlinux))
		return out_of_memory(err);
	*ret = ref;
	ref = (struct kt_kernel_ref){0};
	return 0;
}

/* A source or build tree, or a directory that somebody unpacked a kernel to. */
static int resolve_directory(const char *root, const char *directory,
			     struct kt_kernel_ref *ret, struct ktstr_error *err)
{
	_cleanup_free_ char *image = kt_path_join(directory, TREE_IMAGE);
	_cleanup_free_ char *foreign =
		kt_path_join(directory, FOREIGN_TREE_IMAGE);
	_cleanup_free_ char *beside = kt_path_join(directory, "vmlinuz");
	_cleanup_free_ char *kconfig = kt_path_join(directory, "Kconfig");

	if (!image || !foreign || !beside || !kconfig)
		return out_of_memory(err);
	if (is_file(image))
		return describe(root, image, ret, err);
	if (is_file(beside))
		return describe(root, beside, ret, err);
	if (is_file(foreign))
		return kt_err(err, -ENOEXEC,
			      "%s holds a kernel for another architecture (%s: "
			      "%s); guests here are " KT_MACHINE_NAME
			      ", which would be " TREE_IMAGE,
			      directory, FOREIGN_MACHINE, FOREIGN_TREE_IMAGE);
	if (is_file(kconfig))
		return kt_err(
			err, -ENOENT,
			"the kernel tree %s is not built: it has no " TREE_IMAGE
			"; `make -C %s -j$(nproc) " TREE_TARGET "` makes it",
			directory, directory);
	return kt_err(err, -ENOENT,
		      "%s holds no kernel: neither " TREE_IMAGE
		      ", as a built source tree has, nor vmlinuz",
		      directory);
}

/* What may have kept a kernel from being found. */
static const char *boot_trouble(const struct kt_kernel_candidates *found,
				char text[BOOT_TROUBLE_BYTES])
{
	text[0] = '\0';
	if (found->boot_error)
		snprintf(text, BOOT_TROUBLE_BYTES,
			 ", which cannot be read (%s)",
			 strerror(-found->boot_error));
	return text;
}

static int resolve_version(const char *root, const char *version,
			   struct kt_kernel_ref *ret, struct ktstr_error *err)
{
	_cleanup_(kt_kernel_candidates_deinit) struct kt_kernel_candidates found = {
		0};
	const struct kt_kernel_candidate *best = NULL;
	char trouble[BOOT_TROUBLE_BYTES];
	int r;

	r = kt_kernel_candidates_find(root, &found, err);
	if (r)
		return r;
	for (size_t i = 0; i < found.n; i++) {
		if (!kt_release_matches(found.list[i].release, version))
			continue;
		/* A place before wins over a place behind at equal age. */
		if (!best ||
		    kt_release_compare(found.list[i].release, best->release) > 0)
			best = &found.list[i];
	}
	if (!best)
		return kt_err(err, -ENOENT,
			      "kernel %s is not at hand, neither in the cache "
			      "nor in /boot%s; `ktstr kernel fetch %s` gets it",
			      version, boot_trouble(&found, trouble), version);
	return describe(root, best->image, ret, err);
}

/* The cache's newest, else /boot's: whatever can be used of them. */
static int resolve_newest(const char *root, struct kt_kernel_ref *ret,
			  struct ktstr_error *err)
{
	_cleanup_(kt_kernel_candidates_deinit) struct kt_kernel_candidates found = {
		0};
	char trouble[BOOT_TROUBLE_BYTES];
	int r;

	r = kt_kernel_candidates_find(root, &found, err);
	if (r)
		return r;
	for (size_t i = 0; i < found.n; i++) {
		r = describe(root, found.list[i].image, ret, err);
		if (!r)
			return 0;
	}
	if (r)
		return kt_err_context(err, r,
				      "none of the %zu kernels at hand can be "
				      "used (`ktstr kernel fetch latest` gets "
				      "another), the last because",
				      found.n);
	return kt_err(err, -ENOENT,
		      "there is no kernel, neither in the cache nor in "
		      "/boot%s; `ktstr kernel fetch latest` gets one",
		      boot_trouble(&found, trouble));
}

int kt_kernel_resolve_below(const char *root, const char *spec,
			    struct kt_kernel_ref *ret, struct ktstr_error *err)
{
	struct stat st;

	if (!spec)
		return resolve_newest(root, ret, err);
	if (!*spec)
		return kt_err(err, -EINVAL,
			      "the kernel's name is empty; give an image, a "
			      "source tree or a version such as 7.3");
	if (!strchr(spec, '/') && kt_release_is_version(spec))
		return resolve_version(root, spec, ret, err);
	if (stat(spec, &st) < 0) {
		if (errno == ENOENT && !strchr(spec, '/'))
			return kt_err(err, -ENOENT,
				      "no kernel \"%s\": neither a file, nor a "
				      "directory, nor a version such as 7.3",
				      spec);
		return kt_err_errno(err, -errno, "no kernel at %s", spec);
	}
	if (S_ISDIR(st.st_mode))
		return resolve_directory(root, spec, ret, err);
	return describe(root, spec, ret, err);
}

int kt_kernel_resolve(const char *spec, struct kt_kernel_ref *ret,
		      struct ktstr_error *err)
{
	return kt_kernel_resolve_below("", spec, ret, err);
}
