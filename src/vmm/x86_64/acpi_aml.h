/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * The few AML terms that our DSDT is made of, ACPI 6.3 chapter 20 for the
 * language and section 6.4 for resources. Names are four characters, padded
 * with '_'. What is opened with _begin() is closed with the _end() of its
 * kind, which takes what _begin() returned.
 */

#include "base/strbuf.h"

/* Scope (\NAME) { ... } and Device (NAME) { ... } */
size_t kt_aml_scope_begin(struct kt_strbuf *sb, const char *name);
size_t kt_aml_device_begin(struct kt_strbuf *sb, const char *name);
void kt_aml_end(struct kt_strbuf *sb, size_t at);

/* Name (NAME, value) */
void kt_aml_name_integer(struct kt_strbuf *sb, const char *name, uint32_t value);
void kt_aml_name_string(struct kt_strbuf *sb, const char *name,
			const char *value);
/* As EISAID ("PNP0501"): three capital letters and four hex digits. */
void kt_aml_name_eisa_id(struct kt_strbuf *sb, const char *name, const char *id);
/* As Package () { ... } of small integers */
void kt_aml_name_package(struct kt_strbuf *sb, const char *name,
			 const uint8_t *values, uint8_t n);

/* Name (_CRS, ResourceTemplate () { ... }) */
size_t kt_aml_resources_begin(struct kt_strbuf *sb);
void kt_aml_resources_end(struct kt_strbuf *sb, size_t at);
void kt_aml_memory(struct kt_strbuf *sb, uint32_t gpa, uint32_t bytes);
/* Edge-triggered, active high, exclusive; by GSI and by ISA number */
void kt_aml_interrupt(struct kt_strbuf *sb, uint32_t gsi);
void kt_aml_irq(struct kt_strbuf *sb, uint8_t irq);
void kt_aml_ports(struct kt_strbuf *sb, uint16_t first, uint8_t n);
