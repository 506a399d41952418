// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "base/bytes.h"
#include "wire/payload.h"

static const uint8_t *take(struct kt_payload *payload, size_t length)
{
	const uint8_t *data = payload->data;

	if (payload->length < length)
		return NULL;
	payload->data += length;
	payload->length -= length;
	return data;
}

bool kt_payload_get_u16(struct kt_payload *payload, uint16_t *ret)
{
	const uint8_t *data = take(payload, sizeof(*ret));

	if (data)
		*ret = kt_le16_at(data);
	return data != NULL;
}

bool kt_payload_get_u32(struct kt_payload *payload, uint32_t *ret)
{
	const uint8_t *data = take(payload, sizeof(*ret));

	if (data)
		*ret = kt_le32_at(data);
	return data != NULL;
}

bool kt_payload_get_i32(struct kt_payload *payload, int32_t *ret)
{
	uint32_t value;

	if (!kt_payload_get_u32(payload, &value))
		return false;
	*ret = (int32_t)value;
	return true;
}

bool kt_payload_get_u64(struct kt_payload *payload, uint64_t *ret)
{
	const uint8_t *data = take(payload, sizeof(*ret));

	if (data)
		*ret = kt_le64_at(data);
	return data != NULL;
}

bool kt_payload_get_string(struct kt_payload *payload, const char **ret)
{
	const uint8_t *end = NULL;

	if (payload->length > 0)
		end = memchr(payload->data, '\0', payload->length);
	if (!end)
		return false;
	*ret = (const char *)take(payload, (size_t)(end - payload->data) + 1);
	return true;
}

void kt_payload_add_u16(struct kt_strbuf *sb, uint16_t value)
{
	uint8_t bytes[sizeof(value)];

	kt_put_le16(bytes, value);
	kt_strbuf_add_bytes(sb, bytes, sizeof(bytes));
}

void kt_payload_add_u32(struct kt_strbuf *sb, uint32_t value)
{
	uint8_t bytes[sizeof(value)];

	kt_put_le32(bytes, value);
	kt_strbuf_add_bytes(sb, bytes, sizeof(bytes));
}

void kt_payload_add_i32(struct kt_strbuf *sb, int32_t value)
{
	kt_payload_add_u32(sb, (uint32_t)value);
}

void kt_payload_add_u64(struct kt_strbuf *sb, uint64_t value)
{
	uint8_t bytes[sizeof(value)];

	kt_put_le64(bytes, value);
	kt_strbuf_add_bytes(sb, bytes, sizeof(bytes));
}

void kt_payload_add_string(struct kt_strbuf *sb, const char *text)
{
	kt_strbuf_add_bytes(sb, text, strlen(text) + 1);
}
