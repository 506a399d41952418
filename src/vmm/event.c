// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/event.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "wire/guest_files.h"

KT_DEFINE_CLEANUP(json_t *, json_decref)

static int check_text(const json_t *object, const char *key,
		      struct ktstr_error *err)
{
	const json_t *value = json_object_get(object, key);

	if (!value)
		return kt_err(err, -EBADMSG, "it has no \"%s\"", key);
	if (!json_is_string(value))
		return kt_err(err, -EBADMSG, "its \"%s\" is no text", key);
	return 0;
}

static int check(const json_t *object, struct ktstr_error *err)
{
	static const char *const texts[] = { "kind", "step", "detail" };
	const json_t *time = json_object_get(object, "monotonic_ns");
	int r = 0;

	for (size_t i = 0; !r && i < KT_ARRAY_SIZE(texts); i++)
		r = check_text(object, texts[i], err);
	if (r)
		return r;
	if (!json_string_length(json_object_get(object, "kind")))
		return kt_err(err, -EBADMSG, "its \"kind\" is empty");
	if (!time)
		return kt_err(err, -EBADMSG, "it has no \"monotonic_ns\"");
	if (!json_is_integer(time))
		return kt_err(err, -EBADMSG,
			      "its \"monotonic_ns\" is no whole number");
	if (json_integer_value(time) < 0)
		return kt_err(err, -EBADMSG,
			      "its \"monotonic_ns\" is negative, %lld",
			      (long long)json_integer_value(time));
	return 0;
}

static struct ktstr_vm_event *append(struct kt_events *events)
{
	if (events->n == events->capacity) {
		size_t wanted = events->capacity ? events->capacity * 2 : 64;
		struct ktstr_vm_event *grown =
			reallocarray(events->list, wanted, sizeof(*events->list));

		if (!grown)
			return NULL;
		events->list = grown;
		events->capacity = wanted;
	}
	return &events->list[events->n];
}

static char *text_at(const json_t *object, const char *key)
{
	return strdup(json_string_value(json_object_get(object, key)));
}

int kt_events_add(struct kt_events *events, const void *line, size_t length,
		  struct ktstr_error *err)
{
	_cleanup_(json_decref_cleanup) json_t *object = NULL;
	struct ktstr_vm_event *event;
	json_error_t where;
	int r;

	if (events->n == KT_EVENTS_MAX)
		return kt_err(err, -ENOBUFS, "there are %d already",
			      KT_EVENTS_MAX);
	if (length >= KT_EVENT_MAX_BYTES)
		return kt_err(err, -EBADMSG,
			      "it has %zu bytes, with its newline at most %d "
			      "are taken",
			      length, KT_EVENT_MAX_BYTES);
	object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &where);
	if (!object)
		return kt_err(err, -EBADMSG,
			      "it is no JSON in UTF-8, or has a number out of "
			      "range, at its byte %d of %zu",
			      where.position, length);
	if (!json_is_object(object))
		return kt_err(err, -EBADMSG, "it is no JSON object");
	r = check(object, err);
	if (r)
		return r;
	event = append(events);
	if (!event)
		return kt_err_errno(err, -ENOMEM, "no memory for an event");
	*event = (struct ktstr_vm_event){
		.kind = text_at(object, "kind"),
		.step = text_at(object, "step"),
		.detail = text_at(object, "detail"),
		.guest_ns = (uint64_t)json_integer_value(
			json_object_get(object, "monotonic_ns")),
	};
	if (!event->kind || !event->step || !event->detail) {
		free(event->kind);
		free(event->step);
		free(event->detail);
		return kt_err_errno(err, -ENOMEM, "no memory for an event");
	}
	events->n++;
	return 0;
}

void kt_events_free(struct ktstr_vm_event *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(list[i].kind);
		free(list[i].step);
		free(list[i].detail);
	}
	free(list);
}
