/* Rows of signed-in devices, and of those that ask to be. Of codes and tokens there are hashes. */
#ifndef META_DEVICE_H
#define META_DEVICE_H

#include "model/device.h"
#include "model/user.h"
#include "port/db.h"

/* What a refresh token is known by. */
struct device_hashes {
	struct str family, secret;
};

/* Gives device->id, created and used. */
enum err meta_device_create(struct ctx *c, struct db_tx *tx, struct device *device,
	const struct device_hashes *hashes) MUST;
/* Of that family, whatever became of it; *secret: the hash of the one that is good. ERR_NOT_FOUND. */
enum err meta_device_find(struct ctx *c, struct db_tx *tx, struct str family, struct device *out,
	struct str *secret) MUST;
/* It got another token: another secret, from device->address, and device->expires. */
enum err meta_device_renew(
	struct ctx *c, struct db_tx *tx, const struct device *device, struct str secret) MUST;
/* One person's, the one used last first. */
enum err meta_device_list(
	struct ctx *c, struct db_tx *tx, int64_t user_id, struct device **out, size_t *count) MUST;
/* ERR_NOT_FOUND when that person has no such device. */
enum err meta_device_delete(struct ctx *c, struct db_tx *tx, int64_t user_id, int64_t id) MUST;
enum err meta_device_delete_all(struct ctx *c, struct db_tx *tx, int64_t user_id) MUST;
/* Those that are over go. */
enum err meta_device_sweep(struct ctx *c, struct db_tx *tx) MUST;

/* Whose device it is, for who brings a token that this key signed; ERR_NOT_FOUND, also where the device
 * or the key is over. */
enum err meta_device_user(struct ctx *c, struct db_tx *tx, int64_t id, struct str kid,
	struct device *out, struct user *user) MUST;
/* Is who->device_id there, theirs and not over, and has the token time left? */
enum err meta_device_stands(struct ctx *c, struct db_tx *tx, const struct actor *who, bool *stands)
	MUST;

/* `code`, `user_code`: hashed, and as it is. Gives request->created and expires, of its `seconds`. */
enum err meta_device_request_create(struct ctx *c, struct db_tx *tx, struct device_request *request,
	struct str code, struct str user_code) MUST;
/* How many there are, after those that are over went. */
enum err meta_device_request_count(struct ctx *c, struct db_tx *tx, int64_t *count) MUST;
/* Over or not; ERR_NOT_FOUND. */
enum err meta_device_request_find(
	struct ctx *c, struct db_tx *tx, struct str code, struct device_request *out) MUST;
enum err meta_device_request_find_typed(
	struct ctx *c, struct db_tx *tx, struct str user_code, struct device_request *out) MUST;
/* request->state, user_id and generation. */
enum err meta_device_request_decide(struct ctx *c, struct db_tx *tx, struct str user_code,
	const struct device_request *request) MUST;
enum err meta_device_request_delete(struct ctx *c, struct db_tx *tx, struct str code) MUST;

#endif
