// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <elf.h>
#include <string.h>

#include "initramfs/ld_search.h"

const char *const *kt_ld_default_directories(const struct kt_elf_abi *abi)
{
	static const char *const x86_64[] = { "/lib/x86_64-linux-gnu",
					      "/usr/lib/x86_64-linux-gnu",
					      "/lib64",
					      "/usr/lib64",
					      "/lib",
					      "/usr/lib",
					      NULL };
	static const char *const i386[] = { "/lib/i386-linux-gnu",
					    "/usr/lib/i386-linux-gnu",
					    "/lib32",
					    "/usr/lib32",
					    "/lib",
					    "/usr/lib",
					    NULL };
	static const char *const aarch64[] = { "/lib/aarch64-linux-gnu",
					       "/usr/lib/aarch64-linux-gnu",
					       "/lib64",
					       "/usr/lib64",
					       "/lib",
					       "/usr/lib",
					       NULL };
	static const char *const others[] = { "/lib", "/usr/lib", NULL };

	switch (abi->machine) {
	case EM_X86_64:
		return x86_64;
	case EM_386:
		return i386;
	case EM_AARCH64:
		return aarch64;
	default:
		return others;
	}
}

const char *const *kt_ld_lib_names(const struct kt_elf_abi *abi)
{
	static const char *const x86_64[] = { "lib/x86_64-linux-gnu", "lib64",
					      "lib", NULL };
	static const char *const i386[] = { "lib/i386-linux-gnu", "lib", NULL };
	static const char *const aarch64[] = { "lib/aarch64-linux-gnu", "lib64",
					       "lib", NULL };
	static const char *const others[] = { "lib", NULL };

	switch (abi->machine) {
	case EM_X86_64:
		return x86_64;
	case EM_386:
		return i386;
	case EM_AARCH64:
		return aarch64;
	default:
		return others;
	}
}

const char *kt_ld_platform(const struct kt_elf_abi *abi)
{
	switch (abi->machine) {
	case EM_X86_64:
		return "x86_64";
	case EM_386:
		return "i686";
	case EM_AARCH64:
		return "aarch64";
	default:
		return "";
	}
}

/*
 * The length of the token `name` at `text` behind its "$", 0 if it is another
 * one: "NAME" with nothing behind it that could belong to a name, or "{NAME}".
 */
static size_t token_length(const char *text, size_t left, const char *name)
{
	size_t length = strlen(name);

	if (left >= length + 2 && text[0] == '{' &&
	    !memcmp(text + 1, name, length) && text[length + 1] == '}')
		return length + 2;
	if (left < length || memcmp(text, name, length))
		return 0;
	if (left > length &&
	    (isalnum((unsigned char)text[length]) || text[length] == '_'))
		return 0;
	return length;
}

bool kt_ld_expand(const char *text, size_t length,
		  const struct kt_ld_tokens *tokens, struct kt_strbuf *ret)
{
	bool any_lib = false;

	for (size_t i = 0; i < length; i++) {
		const char *at = text + i + 1;
		size_t left = length - i - 1;
		size_t n = 0;

		if (text[i] == '$') {
			if ((n = token_length(at, left, "ORIGIN"))) {
				kt_strbuf_add(ret, tokens->origin);
			} else if ((n = token_length(at, left, "LIB"))) {
				kt_strbuf_add(ret, tokens->lib);
				any_lib = true;
			} else if ((n = token_length(at, left, "PLATFORM"))) {
				kt_strbuf_add(ret, tokens->platform);
			}
		}
		if (!n)
			kt_strbuf_add_char(ret, text[i]);
		i += n;
	}
	return any_lib;
}
