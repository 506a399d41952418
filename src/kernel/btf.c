// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/btf.h"
#include "base/bytes.h"

#define BTF_MAGIC        0xeb9f
#define BTF_HEADER_BYTES 24

static int damaged(const char *what, struct ktstr_error *err)
{
	return kt_err(err, -EBADMSG, "the kernel's BTF is damaged: %s", what);
}

int kt_btf_check(const uint8_t *data, size_t bytes, struct ktstr_error *err)
{
	uint64_t header, types, types_bytes, strings, strings_bytes;

	if (bytes < BTF_HEADER_BYTES)
		return damaged("it is shorter than its header", err);
	if (kt_le16_at(data) != BTF_MAGIC)
		return damaged("wrong magic", err);
	if (data[2] != 1)
		return kt_err(
			err, -EBADMSG,
			"the kernel's BTF has version %u; only 1 is known",
			data[2]);
	header = kt_le32_at(data + 4);
	types = kt_le32_at(data + 8);
	types_bytes = kt_le32_at(data + 12);
	strings = kt_le32_at(data + 16);
	strings_bytes = kt_le32_at(data + 20);
	if (header < BTF_HEADER_BYTES || header > bytes)
		return damaged("its header has an impossible length", err);
	if (header + types + types_bytes > bytes)
		return damaged("its types go past its end", err);
	if (header + strings + strings_bytes > bytes)
		return damaged("its strings go past its end", err);
	/* Offset 0 is the empty name, and the last name ends inside. */
	if (!strings_bytes || data[header + strings] ||
	    data[header + strings + strings_bytes - 1])
		return damaged("its strings are not terminated", err);
	return 0;
}
