/* SPDX-License-Identifier: Apache-2.0 */
/* Replacing the host's program while its sessions go on. */

#include <errno.h>

#include "host_priv.h"

void
qt__msg_upgrade(struct qt__conn *c, const struct qt_control_head *head,
    const void *body)
{
	(void)body;
	qt__conn_error(c, head->tag, -ENOSYS, "upgrade");
}

void
qt__upgrade_look(struct qt__host *h)
{
	(void)h;
}
