// SPDX-License-Identifier: GPL-2.0-only
/*
 * An ELF file of the host's: what the dynamic linker needs of it, and the file
 * without its debug sections, which is never larger, and which taking them out
 * once more leaves as it is.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "fuzz.h"
#include "initramfs/elf_dynamic.h"
#include "initramfs/elf_strip.h"

static int make_file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);

	fuzz_check(fd >= 0 && kt_write_all(fd, data, size) == 0);
	return fd;
}

static void read_dynamic(int fd)
{
	_cleanup_elf_dynamic_ struct kt_elf_dynamic elf = { 0 };

	if (kt_elf_dynamic_read(fd, &elf) < 0)
		return;
	/* Under ASan's eyes. */
	for (size_t i = 0; i < elf.n_needed; i++)
		fuzz_check(strlen(elf.needed[i]) < 1 << 27);
	if (elf.interpreter)
		fuzz_check(strlen(elf.interpreter) < 4096);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_close_ int fd = make_file(data, size), again_fd = -1;
	_cleanup_free_ uint8_t *once = NULL, *again = NULL;
	uint64_t once_bytes, again_bytes;

	read_dynamic(fd);
	if (kt_elf_read_stripped(fd, "elf", &once, &once_bytes, NULL) < 0)
		return 0;
	fuzz_check(once_bytes <= size);
	again_fd = make_file(once, once_bytes);
	if (kt_elf_read_stripped(again_fd, "elf", &again, &again_bytes, NULL) < 0)
		return 0;
	fuzz_check(again_bytes == once_bytes &&
		   (!once_bytes || !memcmp(once, again, once_bytes)));
	return 0;
}
