// SPDX-License-Identifier: GPL-2.0-only
/*
 * ld.so.cache: whatever it holds, what is found in it is text inside of it.
 */
#include <elf.h>

#include "base/macro.h"
#include "fuzz.h"
#include "initramfs/ld_cache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct kt_elf_abi abis[] = {
		{ ELFCLASS64, ELFDATA2LSB, EM_X86_64 },
		{ ELFCLASS32, ELFDATA2LSB, EM_386 },
		{ ELFCLASS64, ELFDATA2LSB, EM_AARCH64 },
		{ ELFCLASS64, ELFDATA2MSB, EM_PPC64 },
	};
	static const char *const names[] = { "libc.so.6", "a", "" };
	struct kt_ld_cache cache;

	if (kt_ld_cache_parse(data, size, &cache) < 0)
		return 0;
	fuzz_check(cache.data >= data && cache.bytes <= size);
	for (size_t a = 0; a < KT_ARRAY_SIZE(abis); a++) {
		for (size_t n = 0; n < KT_ARRAY_SIZE(names); n++) {
			const char *path =
				kt_ld_cache_find(&cache, names[n], &abis[a]);

			if (!path)
				continue;
			fuzz_check(path >= (const char *)data);
			fuzz_check(path + strlen(path) <
				   (const char *)data + size);
		}
	}
	return 0;
}
