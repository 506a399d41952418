// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "base/bytes.h"
#include "kernel/bzimage.h"
#include "kernel/machine.h"

/* Offsets into the image. */
#define SETUP_SECTS    0x1f1
#define SYSSIZE        0x1f4
#define BOOT_FLAG      0x1fe
#define HEADER_END     0x201 /* one byte: the header ends at 0x202 + this */
#define HEADER_MAGIC   0x202
#define VERSION        0x206
#define KERNEL_VERSION 0x20e
#define XLOADFLAGS     0x236
#define PAYLOAD_OFFSET 0x248
#define PAYLOAD_LENGTH 0x24c
#define INIT_SIZE      0x260
#define HEADER_BYTES   0x264

#define SECTOR_BYTES  512
#define PROTOCOL_2_12 0x020c
#define XLF_KERNEL_64 0x0001

bool kt_bzimage_detect(const uint8_t *data, size_t bytes)
{
	return bytes >= HEADER_MAGIC + 4 &&
	       kt_le16_at(data + BOOT_FLAG) == 0xaa55 &&
	       !memcmp(data + HEADER_MAGIC, "HdrS", 4);
}

static int truncated(uint64_t bytes, uint64_t wanted, struct ktstr_error *err)
{
	return kt_err(err, -EBADMSG,
		      "the kernel image is truncated: it has %llu bytes of the "
		      "%llu that its header announces",
		      (unsigned long long)bytes, (unsigned long long)wanted);
}

static int damaged(const char *what, struct ktstr_error *err)
{
	return kt_err(err, -EBADMSG,
		      "the kernel image's setup header is damaged: %s", what);
}

/* The version text lies in the setup code: "RELEASE (builder) #1 ...". */
static int parse_release(const uint8_t *data, size_t setup_bytes, char *ret,
			 struct ktstr_error *err)
{
	size_t at = kt_le16_at(data + KERNEL_VERSION);

	ret[0] = '\0';
	if (!at)
		return 0;
	at += SECTOR_BYTES;
	if (at >= setup_bytes)
		return damaged("its version text lies outside the setup code",
			       err);
	if (kt_release_parse((const char *)data + at, setup_bytes - at, ret) < 0)
		return damaged("its version text is none", err);
	return 0;
}

int kt_bzimage_parse(const uint8_t *data, size_t bytes, struct kt_bzimage *ret,
		     struct ktstr_error *err)
{
	struct kt_bzimage image = {0};
	uint64_t setup_bytes, code_bytes, offset, length;
	int r;

	if (!kt_bzimage_detect(data, bytes))
		return kt_err(err, -ENOEXEC, "not a bzImage");
	if (bytes < HEADER_BYTES)
		return truncated(bytes, HEADER_BYTES, err);
	image.protocol = kt_le16_at(data + VERSION);
	if (image.protocol < PROTOCOL_2_12)
		return kt_err(err, -ENOEXEC,
			      "the kernel speaks boot protocol %u.%02u; 2.12 "
			      "(Linux 3.8) or newer is needed",
			      image.protocol >> 8, image.protocol & 0xff);
	if (HEADER_MAGIC + data[HEADER_END] < HEADER_BYTES)
		return damaged("it is shorter than its protocol says", err);
	if (!(kt_le16_at(data + XLOADFLAGS) & XLF_KERNEL_64))
		return kt_err(err, -ENOEXEC,
			      "a kernel for another architecture (32-bit x86); "
			      "guests here are " KT_MACHINE_NAME);
	if (KT_MACHINE_ELF != EM_X86_64)
		return kt_err(err, -ENOEXEC,
			      "a kernel for another architecture (x86-64); "
			      "guests here are " KT_MACHINE_NAME);

	setup_bytes = (data[SETUP_SECTS] ? data[SETUP_SECTS] : 4u) + 1;
	setup_bytes *= SECTOR_BYTES;
	code_bytes = (uint64_t)kt_le32_at(data + SYSSIZE) * 16;
	if (setup_bytes + code_bytes > bytes)
		return truncated(bytes, setup_bytes + code_bytes, err);
	offset = kt_le32_at(data + PAYLOAD_OFFSET);
	length = kt_le32_at(data + PAYLOAD_LENGTH);
	if (length < 8 || offset + length > code_bytes)
		return damaged("its payload lies outside the image", err);
	image.payload = data + setup_bytes + offset;
	image.payload_bytes = length;
	image.compression = kt_compression_detect(image.payload, length);
	image.unpacked_bytes = kt_le32_at(image.payload + length - 4);
	image.init_size = kt_le32_at(data + INIT_SIZE);
	if (image.compression != KT_COMPRESSION_UNKNOWN &&
	    (!image.unpacked_bytes || image.unpacked_bytes > image.init_size))
		return kt_err(
			err, -EBADMSG,
			"the kernel image is damaged: its payload unpacks "
			"to %u bytes by its own account, but init_size "
			"leaves room for %u",
			image.unpacked_bytes, image.init_size);
	r = parse_release(data, setup_bytes, image.release, err);
	if (r)
		return r;
	*ret = image;
	return 0;
}

int kt_bzimage_unpack(const struct kt_bzimage *image, uint8_t *out,
		      struct ktstr_error *err)
{
	size_t tail = image->compression == KT_COMPRESSION_GZIP ? 0 : 4;

	return kt_decompress(image->compression, image->payload,
			     image->payload_bytes - tail, out,
			     image->unpacked_bytes, err);
}
