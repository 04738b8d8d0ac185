/* Port: text as a QR code (ISO/IEC 18004), for people with a camera. */
#ifndef PORT_QR_H
#define PORT_QR_H

#include "base/ctx.h"
#include "base/str.h"
#include "model/qr.h"

/* Beyond it a code is too fine for a screen and a hand. */
enum { QR_TEXT_MAX = 500 };

struct qr_maker {
	const struct qr_maker_ops *ops;
};

struct qr_maker_ops {
	/* In c->arena. ERR_TOO_BIG over QR_TEXT_MAX bytes, ERR_INVALID of none. */
	enum err (*make)(struct ctx *c, struct qr_maker *self, struct str text, struct qr *out);
	void (*close)(struct qr_maker *self);
};

static inline MUST enum err qr_make(
	struct ctx *c, struct qr_maker *m, struct str text, struct qr *out)
{
	return m->ops->make(c, m, text, out);
}

static inline void qr_close(struct qr_maker *m)
{
	if (m)
		m->ops->close(m);
}

#endif
