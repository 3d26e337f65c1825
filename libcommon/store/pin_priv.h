/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_PIN_PRIV_H
#define QT_STORE_PIN_PRIV_H
/*
 * Slots of the control segment, by which readers hold the files that they read.
 * A live slot names a manifest: no file that this manifest names is removed.
 * While it says manifest 0, its reader has not chosen yet: no run is removed, nor
 * any manifest.
 *
 *	reader				maintainer
 *	owner = id, manifest = 0	the new manifest is published
 *	qt__ctl_meet()			qt__ctl_meet()
 *	qt__super_get()			looks at the slots
 *	manifest, version = that
 *
 * So either the reader has got the new manifest or the maintainer sees its slot.
 *
 * A slot lives as long as its owner: free ones have owner 0; those that a dead
 * one left may be taken by anybody, see qt__user_bury().
 */
#include "control_priv.h"

/*
 * A slot that says manifest 0; they have met. -QT_EFULL: the living have all
 * of them.
 */
int	qt__pin_take(struct qt__ctl *ctl, const struct qt__user *user,
	    struct qt__slot **out, struct qt_err *err);
void	qt__pin_hold(struct qt__slot *slot, uint64_t manifest,
	    uint64_t version);
void	qt__pin_give(struct qt__slot *slot);
/* Whether it is somebody's: *manifest. One of a dead one is freed. */
bool	qt__pin_is_live(struct qt__slot *slot, const struct qt__user *user,
	    uint64_t *manifest);
/* Frees those of a dead one whose id we got, before we take any. */
void	qt__pin_disown(struct qt__ctl *ctl, const struct qt__user *user);

#endif /* QT_STORE_PIN_PRIV_H */
