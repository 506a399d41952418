// SPDX-License-Identifier: GPL-2.0-only
#include "runner/output.h"

#include <string.h>

/* Of one UTF-8 character, behind its first byte. */
#define CONTINUED_MAX 3

/* Whether a character goes on at this byte. */
static bool continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

struct kt_output kt_output_of(const struct ktstr_vm_result *result)
{
	const char *text = result->output ?: "";
	size_t bytes = result->output ? result->output_bytes : 0;
	size_t first = bytes, last = bytes;

	if (bytes > KT_OUTPUT_FIRST_BYTES + KT_OUTPUT_LAST_BYTES) {
		first = KT_OUTPUT_FIRST_BYTES;
		last = bytes - KT_OUTPUT_LAST_BYTES;
		for (int i = 0; i < CONTINUED_MAX && continues(text[first]); i++)
			first--;
		for (int i = 0; i < CONTINUED_MAX && continues(text[last]); i++)
			last++;
	}
	return (struct kt_output){
		.first = text,
		.first_bytes = first,
		.last = text + last,
		.last_bytes = bytes - last,
		.lost_bytes = last - first + result->output_lost_bytes,
	};
}

void kt_output_add_end(struct kt_strbuf *sb,
		       const struct ktstr_vm_result *result, size_t max_bytes)
{
	const char *text = result->output ?: "";
	const char *end = text + (result->output ? result->output_bytes : 0);

	if ((size_t)(end - text) > max_bytes) {
		const char *line;

		text = end - max_bytes;
		line = memchr(text, '\n', max_bytes);
		if (line && line + 1 < end)
			text = line + 1;
	}
	for (; text < end; text++)
		kt_strbuf_add_char(sb, *text ?: '?');
}
