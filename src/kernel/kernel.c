// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "kernel/btf.h"
#include "kernel/bzimage.h"
#include "kernel/elf.h"
#include "kernel/image.h"
#include "kernel/kernel.h"
#include "kernel/unpacked.h"

/* What the public part hands out pointers into. */
struct opened_kernel {
	struct kt_kernel kernel;
	struct kt_mapped_file image;
	struct kt_unpacked unpacked;
};

void kt_kernel_close(struct kt_kernel *kernel)
{
	struct opened_kernel *opened;

	if (!kernel)
		return;
	opened = KT_CONTAINER_OF(kernel, struct opened_kernel, kernel);
	if (opened->unpacked.fd >= 0)
		kt_unpacked_deinit(&opened->unpacked);
	else
		kt_close(kernel->elf_fd);
	kt_mapped_file_deinit(&opened->image);
	free(opened);
}

KT_DEFINE_CLEANUP(struct kt_kernel *, kt_kernel_close)

static int use_elf(struct opened_kernel *opened, const uint8_t *data,
		   size_t bytes, int fd, struct ktstr_error *err)
{
	struct kt_kernel *kernel = &opened->kernel;
	struct kt_elf elf;
	int r;

	kernel->elf_fd = fd;
	r = kt_elf_parse(data, bytes, &elf, err);
	if (r)
		return r;
	kernel->elf = data;
	kernel->elf_bytes = bytes;
	kernel->entry = elf.entry;
	memcpy(kernel->segments, elf.segments, sizeof(elf.segments));
	kernel->n_segments = elf.n_segments;
	return 0;
}

static int open_elf(struct opened_kernel *opened, const char *path,
		    struct ktstr_error *err)
{
	const struct kt_mapped_file *image = &opened->image;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return kt_err_errno(err, -errno, "cannot open the kernel");
	r = use_elf(opened, image->data, image->bytes, fd, err);
	if (r)
		return r;
	r = kt_image_release(image->data, image->bytes, opened->kernel.release,
			     err);
	if (!r && !opened->kernel.release[0])
		return kt_err(
			err, -ENOEXEC,
			"an ELF file that is not a Linux kernel: it holds "
			"no \"Linux version\" text");
	return r;
}

static int open_bzimage(struct opened_kernel *opened,
			const struct ktstr_log *log, struct ktstr_error *err)
{
	const struct kt_mapped_file *file = &opened->image;
	struct kt_kernel *kernel = &opened->kernel;
	struct kt_bzimage image;
	int r;

	r = kt_bzimage_parse(file->data, file->bytes, &image, err);
	if (r)
		return r;
	kernel->bzimage = file->data;
	kernel->bzimage_bytes = file->bytes;
	kernel->init_size = image.init_size;
	memcpy(kernel->release, image.release, sizeof(kernel->release));
	if (image.compression == KT_COMPRESSION_UNKNOWN) {
		const uint8_t *p = image.payload;

		snprintf(kernel->why_not_unpacked,
			 sizeof(kernel->why_not_unpacked),
			 "the kernel is compressed in an unknown way: its "
			 "payload begins with %02x %02x %02x %02x, where gzip, "
			 "bzip2, lzma, xz, lzo, lz4 and zstd are known",
			 p[0], p[1], p[2], p[3]);
		return 0;
	}
	r = kt_unpacked_open(file->data, file->bytes, &image, log,
			     &opened->unpacked, err);
	if (r)
		return r;
	return use_elf(opened, opened->unpacked.map, opened->unpacked.elf_bytes,
		       opened->unpacked.fd, err);
}

int kt_kernel_open(const char *image, const struct ktstr_log *log,
		   struct kt_kernel **ret, struct ktstr_error *err)
{
	_cleanup_(kt_kernel_close_cleanup) struct kt_kernel *kernel = NULL;
	struct opened_kernel *opened = calloc(1, sizeof(*opened));
	enum kt_image_kind kind;
	int r;

	if (!opened)
		return kt_err(err, -ENOMEM, "out of memory");
	opened->unpacked.fd = -1;
	kernel = &opened->kernel;
	kernel->elf_fd = -1;
	r = kt_mapped_file_open(image, &opened->image, err);
	if (!r)
		r = kt_image_identify(opened->image.data, opened->image.bytes,
				      &kind, err);
	if (!r)
		r = kind == KT_IMAGE_ELF ? open_elf(opened, image, err)
					 : open_bzimage(opened, log, err);
	if (r)
		return kt_err_context(err, r, "%s", image);
	*ret = TAKE_PTR(kernel);
	return 0;
}

int kt_kernel_btf(const struct kt_kernel *kernel, const uint8_t **ret,
		  size_t *ret_bytes, struct ktstr_error *err)
{
	const uint8_t *data;
	size_t bytes;
	int r;

	if (!kernel->elf)
		return kt_err(err, -ENOENT, "no BTF: %s",
			      kernel->why_not_unpacked);
	r = kt_elf_section(kernel->elf, kernel->elf_bytes, ".BTF", &data,
			   &bytes, err);
	if (!r)
		r = kt_btf_check(data, bytes, err);
	if (r)
		return r;
	*ret = data;
	*ret_bytes = bytes;
	return 0;
}

bool kt_kernel_takes_word(const struct kt_kernel *kernel, const char *word)
{
	size_t length = strlen(word) + 1, bytes;
	const uint8_t *data, *end, *at;

	if (!kernel->elf || kt_elf_section(kernel->elf, kernel->elf_bytes,
					   ".init.data", &data, &bytes, NULL))
		return false;
	/* A string as a whole: no other word's tail. */
	for (end = data + bytes; (at = memmem(data, (size_t)(end - data), word,
					      length));
	     data = at + 1) {
		if (at > data && !at[-1])
			return true;
	}
	return false;
}
