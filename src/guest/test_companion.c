// SPDX-License-Identifier: GPL-2.0-only
#include "guest/test_companion.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/cleanup.h"

int kt_test_companion_init(struct kt_test_companion *companion,
			   struct ktstr_error *err)
{
	*companion = (struct kt_test_companion){
		.watch_fd = -1,
		.notes = json_array(),
		.metrics = json_array(),
	};
	if (companion->notes && companion->metrics)
		return 0;
	kt_test_companion_deinit(companion);
	return kt_err_errno(err, -ENOMEM, "no memory for a scheduler");
}

void kt_test_companion_deinit(struct kt_test_companion *companion)
{
	json_decref(TAKE_PTR(companion->notes));
	json_decref(TAKE_PTR(companion->metrics));
}

void kt_test_companion_note(struct kt_test_companion *companion, const char *text)
{
	_cleanup_free_ char *copy = NULL;
	json_t *note = json_string(text);

	/* JSON is UTF-8; what is not shows as question marks. */
	if (!note && (copy = strdup(text))) {
		for (char *c = copy; *c; c++) {
			if ((unsigned char)*c >= 0x80)
				*c = '?';
		}
		note = json_string(copy);
	}
	json_array_append_new(companion->notes, note);
}

void kt_test_companion_metric(struct kt_test_companion *companion,
			      const char *name, double value, const char *unit)
{
	json_array_append_new(companion->metrics,
			      json_pack("{s:s, s:f, s:s}", "name", name,
					"value", value, "unit", unit));
}
