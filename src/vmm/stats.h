/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * KVM's binary statistics, Documentation/virt/kvm/api.rst 4.133: a descriptor
 * that begins with a header, which says where names and values are.
 */

#include <stddef.h>
#include <stdint.h>

#include <ktstr/vm.h>

struct kt_stats {
	struct ktstr_kvm_stat *list; /* owned */
	size_t n;
	size_t capacity;
};

/*
 * Appends the scalar statistics behind `fd`; histograms are left out. `vcpu`
 * is what they are labelled with. -EBADMSG when the descriptor does not hold
 * what KVM documents; what was read before stays.
 */
int kt_stats_read(int fd, int32_t vcpu, struct kt_stats *stats);
void kt_stats_deinit(struct kt_stats *stats);
