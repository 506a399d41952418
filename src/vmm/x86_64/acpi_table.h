/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The bytes of a table under construction: little-endian integers appended to
 * a kt_strbuf, which remembers a failed allocation for the end.
 */

#include "base/strbuf.h"
#include "vmm/x86_64/acpi.h"

#define KT_ACPI_HEADER_BYTES 36

void kt_acpi_add(struct kt_strbuf *sb, uint64_t value, unsigned int bytes);

static inline void kt_acpi_add8(struct kt_strbuf *sb, uint8_t value)
{
	kt_acpi_add(sb, value, 1);
}

static inline void kt_acpi_add16(struct kt_strbuf *sb, uint16_t value)
{
	kt_acpi_add(sb, value, 2);
}

static inline void kt_acpi_add32(struct kt_strbuf *sb, uint32_t value)
{
	kt_acpi_add(sb, value, 4);
}

static inline void kt_acpi_add64(struct kt_strbuf *sb, uint64_t value)
{
	kt_acpi_add(sb, value, 8);
}

void kt_acpi_add_zeros(struct kt_strbuf *sb, size_t n);

/* Overwrites bytes that are already there. */
void kt_acpi_set(struct kt_strbuf *sb, size_t at, uint64_t value,
		 unsigned int bytes);

/* The byte that makes [at, end) sum to zero. */
uint8_t kt_acpi_checksum(const struct kt_strbuf *sb, size_t at, size_t end);

/*
 * Opens a table on the next 16-byte boundary with the common header and
 * returns where it starts; kt_acpi_table_end() fills in length and checksum.
 */
size_t kt_acpi_table_begin(struct kt_strbuf *sb, const char *signature,
			   uint8_t revision);
void kt_acpi_table_end(struct kt_strbuf *sb, size_t at);

/* One table each; they return where it starts. */
size_t kt_acpi_add_dsdt(struct kt_strbuf *sb, uint32_t n_virtio);
size_t kt_acpi_add_srat(struct kt_strbuf *sb,
			const struct kt_acpi_config *config);
size_t kt_acpi_add_slit(struct kt_strbuf *sb, const struct kt_topology *topology);
size_t kt_acpi_add_hmat(struct kt_strbuf *sb,
			const struct kt_acpi_config *config);
