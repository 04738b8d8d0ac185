/*
 * What every verb works with: the ports, the limits, and the caches of this process.
 *
 * Made once by main/, shared by all threads, never changed after.
 */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include "base/jwk.h"
#include "core/seal.h"
#include "model/actor.h"
#include "model/image_hosts.h"
#include "model/repo.h"
#include "model/user.h"
#include "port/auth.h"
#include "port/blob.h"
#include "port/db.h"
#include "port/highlight.h"
#include "port/hook.h"
#include "port/kv.h"
#include "port/markup.h"
#include "port/policy.h"
#include "port/provider.h"
#include "port/qr.h"
#include "port/regex.h"
#include "port/repack.h"
#include "port/strength.h"

enum { CORE_AUTH_MAX = 8 };

/* Bytes and counts that people outside may ask for at most; each has an environment variable
 * (main/config.def). */
struct core_limits {
	uint64_t object_max;          /* one object, inflated */
	uint64_t pack_max;            /* one pushed pack */
	uint64_t pack_inline_max;     /* packs up to this ride in the transaction */
	uint64_t page_blob_max;       /* a file shown as text on a page */
	uint64_t offline_max;         /* the pack of a copy for reading offline, core/offline.h */
	uint32_t push_objects_max;    /* objects in one pushed pack */
	uint32_t push_refs_max;       /* ref updates in one push */
	uint32_t fetch_lines_max;     /* wants + haves + shallows in one request */
	uint32_t login_tries;         /* wrong credentials a minute, see core/login.h; 0: 10 */
	int64_t session_seconds;      /* how long a session lasts at most … */
	int64_t session_idle_seconds; /* … and how long while nobody uses it */
	int64_t proof_seconds;        /* how long a proof is good for what is dangerous */
	int64_t access_seconds;       /* how long an access token is good: 0 is 10 minutes */
	int64_t device_seconds;       /* how long a device may be away: 0 is 90 days */
	int64_t issuer_key_seconds;   /* after how long another key signs: 0 is 30 days */
	int64_t retention_seconds;    /* how long what nothing uses is kept: 0 is 14 days */
};

struct core {
	struct blob *blob;
	struct blob *bucket; /* behind `blob`, where that is a cache; main's to close */
	/* Where clients reach that bucket by what blob_presign gives; "", NULL: they do not. */
	const char *bucket_url;
	struct db *db;
	struct kv *kv;
	struct policy *policy;
	struct markup *markup;
	struct highlight *highlight; /* may be NULL: all text is plain */
	struct strength *strength;
	struct qr_maker *qr;
	struct regex_engine *regex; /* may be NULL: texts are found as they stand alone */
	struct repack *repack;      /* may be NULL: nobody searches for deltas */
	struct hook *hook;          /* who has the role worker posts by it: event/deliver.h */
	struct auth *auth[CORE_AUTH_MAX];
	size_t auth_count;
	bool by_certificate;         /* one of them knows names of clients' certificates */
	struct provider **providers; /* in the settings' order */
	size_t provider_count;
	enum jws_alg issuer_alg;        /* of the keys that are made to sign access tokens */
	bool passwords_owner_only;      /* others sign in by a provider, and git with keys */
	struct image_hosts image_hosts; /* whose pictures pages may show */
	struct core_limits limits;
	struct snapshots *snapshots;   /* core/snapshot.h */
	struct pack_cache *packs;      /* core/pack_cache.h */
	const char *instance;          /* the instance's id, first part of every blob key */
	struct last_cache *last_cache; /* core/last_cache.h; may be NULL */
	struct made_cache *made;       /* core/made_cache.h; may be NULL */
	struct login_cache *logins;    /* core/login_cache.h; may be NULL */
	struct audit_log *audit;       /* core/audit.h; NULL: refusals are not written down */
	struct str nonce_key;   /* what push certificates' nonces and the addresses of packs are
				 signed with; may be empty */
	struct seal_keys seals; /* of what lies in the database and must be read again */
	const char
		*base_url; /* "http://127.0.0.1:8080", no slash at the end; "" : from the request */
};

#endif
