// SPDX-License-Identifier: GPL-2.0-only
#include <stdint.h>
#include <string.h>

#include "vmm/x86_64/acpi_aml.h"
#include "vmm/x86_64/acpi_table.h"

#define OP_NAME       0x08
#define OP_BYTE       0x0a
#define OP_WORD       0x0b
#define OP_DWORD      0x0c
#define OP_STRING     0x0d
#define OP_SCOPE      0x10
#define OP_BUFFER     0x11
#define OP_PACKAGE    0x12
#define OP_EXTENDED   0x5b
#define OP_EXT_DEVICE 0x82

/* Resource descriptors: small ones hold their length in the low bits. */
#define RES_IRQ_NO_FLAGS 0x22
#define RES_IO           0x47
#define RES_END          0x79
#define RES_MEMORY32     0x86
#define RES_INTERRUPT    0x89

/*
 * A length of up to 20 bits in its three-byte form, whatever it is, so that
 * nothing moves when it becomes known. It counts itself.
 */
#define LENGTH_BYTES 3

static size_t begin_length(struct kt_strbuf *sb)
{
	size_t at = sb->length;

	kt_acpi_add_zeros(sb, LENGTH_BYTES);
	return at;
}

void kt_aml_end(struct kt_strbuf *sb, size_t at)
{
	size_t length = sb->length - at;

	kt_acpi_set(sb, at, (LENGTH_BYTES - 1) << 6 | (length & 0xf), 1);
	kt_acpi_set(sb, at + 1, length >> 4, 2);
}

static void begin_name(struct kt_strbuf *sb, const char *name)
{
	kt_acpi_add8(sb, OP_NAME);
	kt_strbuf_add_bytes(sb, name, 4);
}

size_t kt_aml_scope_begin(struct kt_strbuf *sb, const char *name)
{
	size_t at;

	kt_acpi_add8(sb, OP_SCOPE);
	at = begin_length(sb);
	kt_strbuf_add_char(sb, '\\');
	kt_strbuf_add_bytes(sb, name, 4);
	return at;
}

size_t kt_aml_device_begin(struct kt_strbuf *sb, const char *name)
{
	size_t at;

	kt_acpi_add8(sb, OP_EXTENDED);
	kt_acpi_add8(sb, OP_EXT_DEVICE);
	at = begin_length(sb);
	kt_strbuf_add_bytes(sb, name, 4);
	return at;
}

void kt_aml_name_integer(struct kt_strbuf *sb, const char *name, uint32_t value)
{
	begin_name(sb, name);
	if (value <= UINT8_MAX) {
		kt_acpi_add8(sb, OP_BYTE);
		kt_acpi_add8(sb, (uint8_t)value);
	} else {
		kt_acpi_add8(sb, OP_DWORD);
		kt_acpi_add32(sb, value);
	}
}

void kt_aml_name_string(struct kt_strbuf *sb, const char *name, const char *value)
{
	begin_name(sb, name);
	kt_acpi_add8(sb, OP_STRING);
	kt_strbuf_add_bytes(sb, value, strlen(value) + 1);
}

static uint32_t hex_digit(char c)
{
	return (uint32_t)(c <= '9' ? c - '0' : c - 'A' + 10);
}

/* Section 19.3.4: three letters of five bits, four digits, big-endian. */
void kt_aml_name_eisa_id(struct kt_strbuf *sb, const char *name, const char *id)
{
	uint32_t value = 0;

	for (int i = 0; i < 3; i++)
		value = value << 5 | ((uint32_t)id[i] & 0x1f);
	for (int i = 3; i < 7; i++)
		value = value << 4 | hex_digit(id[i]);
	begin_name(sb, name);
	kt_acpi_add8(sb, OP_DWORD);
	kt_acpi_add32(sb, __builtin_bswap32(value));
}

void kt_aml_name_package(struct kt_strbuf *sb, const char *name,
			 const uint8_t *values, uint8_t n)
{
	size_t at;

	begin_name(sb, name);
	kt_acpi_add8(sb, OP_PACKAGE);
	at = begin_length(sb);
	kt_acpi_add8(sb, n);
	for (uint8_t i = 0; i < n; i++) {
		kt_acpi_add8(sb, OP_BYTE);
		kt_acpi_add8(sb, values[i]);
	}
	kt_aml_end(sb, at);
}

/* A buffer: its length, its size as an integer, its bytes. */
size_t kt_aml_resources_begin(struct kt_strbuf *sb)
{
	size_t at;

	begin_name(sb, "_CRS");
	kt_acpi_add8(sb, OP_BUFFER);
	at = begin_length(sb);
	kt_acpi_add8(sb, OP_WORD);
	kt_acpi_add16(sb, 0);
	return at;
}

void kt_aml_resources_end(struct kt_strbuf *sb, size_t at)
{
	size_t size_at = at + LENGTH_BYTES + 1;

	kt_acpi_add8(sb, RES_END);
	kt_acpi_add8(sb, 0); /* no checksum */
	kt_acpi_set(sb, size_at, sb->length - size_at - 2, 2);
	kt_aml_end(sb, at);
}

void kt_aml_memory(struct kt_strbuf *sb, uint32_t gpa, uint32_t bytes)
{
	kt_acpi_add8(sb, RES_MEMORY32);
	kt_acpi_add16(sb, 9);
	kt_acpi_add8(sb, 1); /* writable */
	kt_acpi_add32(sb, gpa);
	kt_acpi_add32(sb, bytes);
}

void kt_aml_interrupt(struct kt_strbuf *sb, uint32_t gsi)
{
	const uint8_t consumer = 1 << 0, edge = 1 << 1;

	kt_acpi_add8(sb, RES_INTERRUPT);
	kt_acpi_add16(sb, 6);
	kt_acpi_add8(sb, consumer | edge);
	kt_acpi_add8(sb, 1); /* one */
	kt_acpi_add32(sb, gsi);
}

void kt_aml_irq(struct kt_strbuf *sb, uint8_t irq)
{
	kt_acpi_add8(sb, RES_IRQ_NO_FLAGS);
	kt_acpi_add16(sb, (uint16_t)(1u << irq));
}

void kt_aml_ports(struct kt_strbuf *sb, uint16_t first, uint8_t n)
{
	kt_acpi_add8(sb, RES_IO);
	kt_acpi_add8(sb, 1); /* 16 bits are decoded */
	kt_acpi_add16(sb, first);
	kt_acpi_add16(sb, first);
	kt_acpi_add8(sb, 1); /* alignment */
	kt_acpi_add8(sb, n);
}
