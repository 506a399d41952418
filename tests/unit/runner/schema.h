/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * JSON Schema, as much of draft 2020-12 as docs/ uses: type, const, enum,
 * minimum, minLength, properties, required, additionalProperties (false),
 * items. A keyword beyond these is a failure, so that none is passed over.
 */

#include <jansson.h>

#include "base/strbuf.h"

/* Appends a line for each violation, "PLACE: WHAT". */
void schema_check(const json_t *schema, const json_t *value, const char *place,
		  struct kt_strbuf *violations);
