// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"
#include "vmm/config_copy.h"

static int check_name(const char *name, struct ktstr_error *err)
{
	size_t length = strlen(name);

	if (length == 0 || length > KTSTR_DISK_NAME_MAX)
		return kt_err(
			err, -EINVAL,
			"disk: the name \"%s\" has %zu bytes; 1 to %d are "
			"possible",
			name, length, KTSTR_DISK_NAME_MAX);
	for (size_t i = 0; i < length; i++) {
		if (name[i] < ' ' || name[i] > '~')
			return kt_err(
				err, -EINVAL,
				"disk: the name's byte %zu (%#04x) is not "
				"printable ASCII",
				i + 1, (unsigned char)name[i]);
	}
	return 0;
}

static int check_burst(const char *rate_name, uint64_t rate,
		       const char *burst_name, uint64_t burst,
		       struct ktstr_error *err)
{
	if (burst && !rate)
		return kt_err(err, -EINVAL,
			      "disk: %s is %llu, but %s sets no limit that it "
			      "could be a burst of",
			      burst_name, (unsigned long long)burst, rate_name);
	return 0;
}

static int check_disk(const struct ktstr_disk_config *disk,
		      struct ktstr_error *err)
{
	int r = 0;

	if (!disk->size_mib)
		return kt_err(err, -EINVAL,
			      "disk: size_mib must be > 0; leave it out to get "
			      "the default");
	if (disk->filesystem != KTSTR_DISK_RAW)
		return kt_err(err, -EINVAL, "disk: there is no filesystem %d",
			      (int)disk->filesystem);
	if (disk->name)
		r = check_name(disk->name, err);
	if (!r)
		r = check_burst("iops", disk->iops, "iops_burst",
				disk->iops_burst, err);
	if (!r)
		r = check_burst("bytes_per_s", disk->bytes_per_s, "bytes_burst",
				disk->bytes_burst, err);
	return r;
}

int kt_config_copy_disk(struct kt_config *config,
			const struct ktstr_disk_config *disk,
			struct ktstr_error *err)
{
	int r;

	if (!disk)
		return 0;
	r = check_disk(disk, err);
	if (r)
		return r;
	config->disk = malloc(sizeof(*config->disk));
	if (!config->disk)
		return kt_err_errno(err, -ENOMEM, "no memory for a disk");
	*config->disk = *disk;
	if (!disk->name)
		return 0;
	config->disk->name = strdup(disk->name);
	return config->disk->name ?
		       0 :
		       kt_err_errno(err, -ENOMEM, "no memory for a disk");
}

void kt_config_free_disk(struct ktstr_disk_config *disk)
{
	if (!disk)
		return;
	free((char *)disk->name);
	free(disk);
}

int kt_config_copy_network(struct kt_config *config,
			   const struct ktstr_network_config *network,
			   struct ktstr_error *err)
{
	uint32_t max = KTSTR_NETWORK_MAX_QUEUE_PAIRS;

	if (!network)
		return 0;
	if (network->queue_pairs > max)
		return kt_err(
			err, -EINVAL,
			"network: queue_pairs is %u; 1 to %u are possible, "
			"and 0 for one a vCPU",
			network->queue_pairs, max);
	config->has_network = true;
	config->network = *network;
	if (!network->queue_pairs)
		config->network.queue_pairs =
			KT_MIN(config->topology->n_cpus, max);
	return 0;
}
