/*
 * Port: secrets, looked up by a reference, and looked up again while the program runs: they change.
 *
 * Who uses one asks each time that it signs in somewhere, and compares generations. An answer comes
 * from memory but for the first, and for one that was doubted. A source that is lost keeps telling
 * what it told last. Safe for any number of threads.
 */
#ifndef PORT_SECRET_H
#define PORT_SECRET_H

#include "base/ctx.h"
#include "base/str.h"

/* Bytes that one may have. */
enum { SECRET_TEXT_MAX = 64 << 10 };

struct secret {
	const struct secret_ops *ops;
};

/* In the arena of the context that asked. */
struct secret_value {
	struct str text;
	uint64_t generation; /* grows when the text has changed */
};

struct secret_ops {
	/*
	 * What the reference stands for now. ERR_NOT_FOUND, ERR_INVALID of the reference; ERR_DENIED,
	 * ERR_UNAVAILABLE where its source refuses or cannot be asked, and never has been with success.
	 */
	enum err (*get)(struct ctx *c, struct secret *self, const char *reference,
		struct secret_value *out);
	/* What it told as `generation` was refused where it was used: its source is asked again, at
	 * most once a second. */
	void (*doubt)(
		struct ctx *c, struct secret *self, const char *reference, uint64_t generation);
	void (*close)(struct secret *self);
};

static inline MUST enum err secret_get(
	struct ctx *c, struct secret *secret, const char *reference, struct secret_value *out)
{
	return secret->ops->get(c, secret, reference, out);
}

static inline void secret_close(struct secret *secret)
{
	if (secret)
		secret->ops->close(secret);
}

/* Where one secret comes from: `from` NULL is the text itself, which never changes. */
struct secret_source {
	struct secret *from;
	const char *reference;
};

static inline MUST enum err secret_read(
	struct ctx *c, const struct secret_source *source, struct secret_value *out)
{
	*out = (struct secret_value){str_of(source->reference ? source->reference : ""), 0};
	return source->from ? secret_get(c, source->from, source->reference, out) : OK;
}

static inline void secret_doubt(
	struct ctx *c, const struct secret_source *source, uint64_t generation)
{
	if (source->from)
		source->from->ops->doubt(c, source->from, source->reference, generation);
}

/* With what one signs in: several secrets that belong together, such as a user and a password. */
enum { SECRET_PARTS = 3 };

struct secret_set {
	struct secret_source parts[SECRET_PARTS];
};

struct secret_values {
	struct secret_value parts[SECRET_PARTS];
	uint64_t generation; /* grows with any of theirs */
};

/* Does none of them ever change? */
bool secret_set_is_fixed(const struct secret_set *set);

/* All of one moment: never a user with the password of another. */
enum err secret_set_read(struct ctx *c, const struct secret_set *set, struct secret_values *out)
	MUST;
void secret_set_doubt(
	struct ctx *c, const struct secret_set *set, const struct secret_values *refused);

#endif
