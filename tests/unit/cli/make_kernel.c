// SPDX-License-Identifier: GPL-2.0-only

/*
 * make-kernel good|unknown|elf: writes a small kernel to standard output, that
 * everything on the host takes for one. "unknown" is compressed in no known way.
 */

#include "test.h"

#include <unistd.h>

#include "../kernel/images.h"
#include "base/fd.h"

int main(int argc, char **argv)
{
	_cleanup_strbuf_ struct kt_strbuf elf = { 0 }, image = { 0 };
	const char *kind = argc == 2 ? argv[1] : "";

	test_make_elf(&elf);
	if (!strcmp(kind, "good")) {
		test_make_bzimage(KT_COMPRESSION_ZSTD, &elf, &image);
	} else if (!strcmp(kind, "unknown")) {
		_cleanup_strbuf_ struct kt_strbuf payload = { 0 };

		for (int i = 0; i < 100; i++)
			kt_strbuf_add(&payload, "mystery ");
		test_make_bzimage_around(&payload, 1 << 20, &image);
	} else if (!strcmp(kind, "elf")) {
		kt_strbuf_add_bytes(&image, elf.data, elf.length);
	} else {
		return 2;
	}
	return kt_write_all(STDOUT_FILENO, image.data, image.length) < 0;
}
