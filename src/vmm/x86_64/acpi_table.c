// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "vmm/x86_64/acpi_table.h"

#define TABLE_ALIGN 16

/* Places in the common header, ACPI 6.3 table 5-33. */
#define HEADER_LENGTH   4
#define HEADER_CHECKSUM 9

void kt_acpi_add(struct kt_strbuf *sb, uint64_t value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		kt_strbuf_add_char(sb, (char)(value >> (8 * i)));
}

void kt_acpi_add_zeros(struct kt_strbuf *sb, size_t n)
{
	while (n--)
		kt_strbuf_add_char(sb, '\0');
}

void kt_acpi_set(struct kt_strbuf *sb, size_t at, uint64_t value,
		 unsigned int bytes)
{
	if (kt_strbuf_failed(sb))
		return;
	for (unsigned int i = 0; i < bytes; i++)
		sb->data[at + i] = (char)(value >> (8 * i));
}

uint8_t kt_acpi_checksum(const struct kt_strbuf *sb, size_t at, size_t end)
{
	uint8_t sum = 0;

	if (kt_strbuf_failed(sb))
		return 0;
	for (; at < end; at++)
		sum = (uint8_t)(sum + (uint8_t)sb->data[at]);
	return (uint8_t)-sum;
}

size_t kt_acpi_table_begin(struct kt_strbuf *sb, const char *signature,
			   uint8_t revision)
{
	size_t at;

	kt_acpi_add_zeros(sb, -sb->length % TABLE_ALIGN);
	at = sb->length;
	kt_strbuf_add_bytes(sb, signature, 4);
	kt_acpi_add32(sb, 0); /* length */
	kt_acpi_add8(sb, revision);
	kt_acpi_add8(sb, 0); /* checksum */
	kt_strbuf_add_bytes(sb, "KTSTR ", 6);
	kt_strbuf_add_bytes(sb, "KTSTRVM ", 8);
	kt_acpi_add32(sb, 1); /* OEM revision */
	kt_strbuf_add_bytes(sb, "KTST", 4);
	kt_acpi_add32(sb, 1); /* creator revision */
	return at;
}

void kt_acpi_table_end(struct kt_strbuf *sb, size_t at)
{
	kt_acpi_set(sb, at + HEADER_LENGTH, sb->length - at, 4);
	kt_acpi_set(sb, at + HEADER_CHECKSUM,
		    kt_acpi_checksum(sb, at, sb->length), 1);
}
