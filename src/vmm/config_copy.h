/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What the files that make up kt_config_init() share. */

#include "vmm/config.h"

/* Fails with a message when `path` is no regular file that can be read. */
int kt_config_check_file(const char *what, const char *path,
			 struct ktstr_error *err);

/* Takes a program of the host into the guest; NULL: none. */
int kt_config_copy_binary(struct kt_config *config, const char *what,
			  const char *archive_path, const char *host_path,
			  struct ktstr_error *err);

/* What is NULL or empty is left as it is. */
int kt_config_copy_string(const char *from, char **ret, struct ktstr_error *err);
int kt_config_copy_strings(const char *const *from, char ***ret,
			   struct ktstr_error *err);
void kt_config_free_strings(char **strings);

/* The scheduler, and what is to be written into its maps. */
int kt_config_copy_scheduler(struct kt_config *config,
			     const struct ktstr_vm_config *public,
			     struct ktstr_error *err);
void kt_config_free_scheduler(struct kt_config *config);

/* `disk` may be NULL: there is none. */
int kt_config_copy_disk(struct kt_config *config,
			const struct ktstr_disk_config *disk,
			struct ktstr_error *err);
void kt_config_free_disk(struct ktstr_disk_config *disk);

/* Likewise; how many pairs of queues there are is settled. */
int kt_config_copy_network(struct kt_config *config,
			   const struct ktstr_network_config *network,
			   struct ktstr_error *err);
