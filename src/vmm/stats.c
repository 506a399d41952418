// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "vmm/stats.h"

/* More than any KVM has; a bound for what is read from the descriptor. */
#define NAME_BYTES_MAX  256
#define DESCRIPTORS_MAX 4096

static struct ktstr_kvm_stat *append(struct kt_stats *stats)
{
	if (stats->n == stats->capacity) {
		size_t wanted = stats->capacity ? stats->capacity * 2 : 256;
		struct ktstr_kvm_stat *grown =
			reallocarray(stats->list, wanted, sizeof(*stats->list));

		if (!grown)
			return NULL;
		stats->list = grown;
		stats->capacity = wanted;
	}
	return &stats->list[stats->n++];
}

int kt_stats_read(int fd, int32_t vcpu, struct kt_stats *stats)
{
	_cleanup_free_ uint8_t *descs = NULL;
	struct kvm_stats_header header;
	size_t stride;
	int r;

	r = kt_pread_all(fd, &header, sizeof(header), 0);
	if (r)
		return r;
	if (!header.name_size || header.name_size > NAME_BYTES_MAX ||
	    header.num_desc > DESCRIPTORS_MAX)
		return -EBADMSG;
	stride = sizeof(struct kvm_stats_desc) + header.name_size;
	descs = malloc(stride * header.num_desc + 1);
	if (!descs)
		return -ENOMEM;
	r = kt_pread_all(fd, descs, stride * header.num_desc, header.desc_offset);
	for (uint32_t i = 0; !r && i < header.num_desc; i++) {
		const struct kvm_stats_desc *desc =
			(const void *)(descs + i * stride);
		struct ktstr_kvm_stat *stat;
		uint64_t value;

		if (desc->size != 1)
			continue;
		r = kt_pread_all(fd, &value, sizeof(value),
				 (off_t)header.data_offset + desc->offset);
		if (r)
			break;
		stat = append(stats);
		if (!stat)
			return -ENOMEM;
		*stat = (struct ktstr_kvm_stat){ .vcpu = vcpu, .value = value };
		snprintf(stat->name, sizeof(stat->name), "%.*s",
			 (int)header.name_size, desc->name);
	}
	return r;
}

void kt_stats_deinit(struct kt_stats *stats)
{
	free(stats->list);
	*stats = (struct kt_stats){};
}
