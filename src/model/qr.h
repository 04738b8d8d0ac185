/* A QR code as a picture: view/qr.h draws it. */
#ifndef MODEL_QR_H
#define MODEL_QR_H

#include <stdint.h>

struct qr {
	int size;            /* modules on each side, without the quiet zone */
	const uint8_t *dark; /* size * size, by row; 1: dark */
};

#endif
