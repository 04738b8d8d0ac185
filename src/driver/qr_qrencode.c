/* QR codes by libqrencode. */
#include "driver/driver.h"

#include <qrencode.h>

static enum err qrencode_make(struct ctx *c, struct qr_maker *self, struct str text, struct qr *out)
{
	(void)self;
	if (text.len > QR_TEXT_MAX)
		return fail(c, ERR_TOO_BIG, "a QR code here holds at most %d bytes, not %zu",
			QR_TEXT_MAX, text.len);
	if (!text.len)
		return fail(c, ERR_INVALID, "there is nothing to make a QR code of");
	/* Level M: a fingerprint on the screen may hide a seventh of it. */
	QRcode *code =
		QRcode_encodeData((int)text.len, (const unsigned char *)text.at, 0, QR_ECLEVEL_M);
	if (!code)
		return fail(c, ERR_UNAVAILABLE, "there is too little memory for a QR code");
	size_t count = (size_t)code->width * (size_t)code->width;
	uint8_t *dark = arena_raw(c->arena, count);
	for (size_t i = 0; i < count; i++)
		dark[i] = code->data[i] & 1;
	*out = (struct qr){.size = code->width, .dark = dark};
	QRcode_free(code);
	return OK;
}

static void qrencode_close(struct qr_maker *self)
{
	(void)self;
}

static const struct qr_maker_ops qrencode_ops = {.make = qrencode_make, .close = qrencode_close};
static struct qr_maker qrencode = {&qrencode_ops};

struct qr_maker *qr_qrencode_open(void)
{
	return &qrencode;
}
