// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "kernel/bzimage.h"
#include "kernel/elf.h"
#include "kernel/image.h"
#include "kernel/machine.h"

/* Kernel images that are no guests of ours, by a magic of their own. */
static const struct {
	size_t offset;
	const char *magic;
	size_t magic_bytes;
	const char *machine;
} foreign_images[] = {
	/* Documentation/arch/arm64/booting.rst */
	{0x38, "ARM\x64", 4, "arm64"},
	/* Documentation/arch/riscv/boot-image-header.rst */
	{0x38, "RSC\x05", 4, "riscv"},
	{0x24, "\x18\x28\x6f\x01", 4, "32-bit arm"},
	/* drivers/firmware/efi/libstub/zboot-header.S; not made for x86 */
	{0x04, "zimg", 4, "EFI zboot, as arm64, riscv and loongarch have"},
};

static int not_a_kernel(const uint8_t *data, size_t bytes, struct ktstr_error *err)
{
	enum kt_compression compression = kt_compression_detect(data, bytes);

	for (size_t i = 0; i < KT_ARRAY_SIZE(foreign_images); i++) {
		size_t at = foreign_images[i].offset;
		size_t n = foreign_images[i].magic_bytes;

		if (bytes >= at + n &&
		    !memcmp(data + at, foreign_images[i].magic, n))
			return kt_err(err, -ENOEXEC,
				      "a kernel for another architecture (%s); "
				      "guests here are " KT_MACHINE_NAME,
				      foreign_images[i].machine);
	}
	if (compression != KT_COMPRESSION_UNKNOWN)
		return kt_err(err, -ENOEXEC,
			      "a %s-compressed file, not a kernel image; if it "
			      "holds one, unpack it first",
			      kt_compression_name(compression));
	if (!bytes)
		return kt_err(err, -ENOEXEC, "not a kernel image: it is empty");
	return kt_err(
		err, -ENOEXEC,
		"not a kernel image: neither a bzImage nor an ELF vmlinux "
		"(%zu bytes)",
		bytes);
}

int kt_image_identify(const uint8_t *data, size_t bytes,
		      enum kt_image_kind *ret, struct ktstr_error *err)
{
	if (kt_bzimage_detect(data, bytes))
		*ret = KT_IMAGE_BZIMAGE;
	else if (kt_elf_detect(data, bytes))
		*ret = KT_IMAGE_ELF;
	else
		return not_a_kernel(data, bytes, err);
	return 0;
}

void kt_mapped_file_deinit(struct kt_mapped_file *file)
{
	if (file->data)
		munmap(file->data, file->bytes);
	*file = (struct kt_mapped_file){0};
}

int kt_mapped_file_open(const char *path, struct kt_mapped_file *ret,
			struct ktstr_error *err)
{
	/* Not to hang on a FIFO that somebody named as a kernel. */
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	void *data = NULL;

	if (fd < 0 && errno == EACCES)
		return kt_err(err, -EACCES,
			      "no right to read the kernel; make it readable, "
			      "or fetch one (`ktstr kernel fetch latest`)");
	if (fd < 0)
		return kt_err_errno(err, -errno, "cannot open the kernel");
	if (fstat(fd, &st) < 0)
		return kt_err_errno(err, -errno, "cannot read the kernel");
	if (!S_ISREG(st.st_mode))
		return kt_err(err, -EINVAL, "not a regular file");
	if (st.st_size) {
		data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE,
			    fd, 0);
		if (data == MAP_FAILED)
			return kt_err_errno(err, -errno, "cannot map the kernel");
	}
	*ret = (struct kt_mapped_file){data, (size_t)st.st_size};
	return 0;
}

/* The banner that every kernel prints first, init/version-timestamp.c. */
static void release_of_elf(const uint8_t *data, size_t bytes, char *ret)
{
	static const char banner[] = "Linux version ";
	const uint8_t *end = data + bytes, *at = data;

	ret[0] = '\0';
	while ((at = memmem(at, (size_t)(end - at), banner, sizeof(banner) - 1))) {
		at += sizeof(banner) - 1;
		if (!kt_release_parse((const char *)at, (size_t)(end - at), ret))
			return;
	}
	ret[0] = '\0';
}

int kt_image_release(const uint8_t *data, size_t bytes, char *ret,
		     struct ktstr_error *err)
{
	struct kt_bzimage image;
	enum kt_image_kind kind;
	int r;

	r = kt_image_identify(data, bytes, &kind, err);
	if (r)
		return r;
	if (kind == KT_IMAGE_ELF) {
		struct kt_elf elf;

		r = kt_elf_parse(data, bytes, &elf, err);
		if (!r)
			release_of_elf(data, bytes, ret);
		return r;
	}
	r = kt_bzimage_parse(data, bytes, &image, err);
	if (!r)
		memcpy(ret, image.release, KT_RELEASE_BYTES);
	return r;
}
