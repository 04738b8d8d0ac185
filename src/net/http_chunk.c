#include "net/http_parse.h"

enum {
	SIZE_LINE_MAX = 256, /* of a size with its extensions */
	EXTRA_MAX = 16384,   /* of all extensions and trailers: nobody needs them */
	DIGITS_MAX = 15,     /* what surely fits 63 bits */
};

enum state {
	SIZE,      /* the first digit, or a later one */
	EXTENSION, /* after ';' */
	SIZE_LF,
	DATA,
	DATA_CR,
	DATA_LF,
	TRAILER, /* the first byte of a trailer line, or of the end */
	TRAILER_NAME,
	TRAILER_VALUE,
	TRAILER_LF,
	END_LF,
	DONE,
};

static int hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

static bool take_size(struct http_chunks *k, char byte)
{
	int digit = hex_digit(byte);
	if (digit >= 0) {
		k->left = k->left << 4 | (uint64_t)digit;
		return ++k->digits <= DIGITS_MAX;
	}
	k->state = byte == '\r' ? SIZE_LF : EXTENSION;
	return k->digits > 0 && (byte == '\r' || byte == ';');
}

/* Extensions mean nothing to us, and of the bytes that have no place in them some mean an attack.
 */
static bool take_extension(struct http_chunks *k, char byte)
{
	if (byte == '\r')
		k->state = SIZE_LF;
	return byte == '\r' || byte == '\t' || (byte >= 0x20 && byte < 0x7f);
}

static bool take_trailer(struct http_chunks *k, char byte)
{
	bool control = (unsigned char)byte < 0x20 || byte == 0x7f;
	switch (k->state) {
	case TRAILER:
		k->state = byte == '\r' ? END_LF : TRAILER_NAME;
		return byte == '\r' || http_is_token(str_from(&byte, 1));
	case TRAILER_NAME:
		if (byte == ':')
			k->state = TRAILER_VALUE;
		return byte == ':' || http_is_token(str_from(&byte, 1));
	default:
		if (byte == '\r')
			k->state = TRAILER_LF;
		return byte == '\r' || byte == '\t' || !control;
	}
}

static bool take_newline(struct http_chunks *k, char byte)
{
	switch (k->state) {
	case SIZE_LF: k->state = k->left ? DATA : TRAILER; break;
	case DATA_LF: k->state = SIZE; break;
	case TRAILER_LF: k->state = TRAILER; break;
	default: k->state = DONE; break;
	}
	k->line = 0;
	k->digits = 0;
	return byte == '\n';
}

/* One byte that is not data. */
static bool take(struct http_chunks *k, char byte)
{
	k->line++;
	switch (k->state) {
	case SIZE: return take_size(k, byte);
	case EXTENSION:
		return k->line <= SIZE_LINE_MAX && ++k->extra <= EXTRA_MAX &&
		       take_extension(k, byte);
	case DATA_CR: k->state = DATA_LF; return byte == '\r';
	case TRAILER:
	case TRAILER_NAME:
	case TRAILER_VALUE: return ++k->extra <= EXTRA_MAX && take_trailer(k, byte);
	default: return take_newline(k, byte);
	}
}

bool http_chunks_done(const struct http_chunks *k)
{
	return k->state == DONE;
}

uint64_t http_chunks_ahead(const struct http_chunks *k)
{
	return k->state == DATA ? k->left : 0;
}

void http_chunks_skip(struct http_chunks *k, uint64_t len)
{
	ASSERT(k->state == DATA && len <= k->left);
	k->left -= len;
	if (k->left == 0)
		k->state = DATA_CR;
}

bool http_chunks_decode(
	struct http_chunks *k, const char *in, size_t *in_len, char *out, size_t *out_len)
{
	size_t taken = 0, given = 0;
	while (taken < *in_len && k->state != DONE) {
		if (k->state != DATA) {
			if (!take(k, in[taken++]))
				return false;
			continue;
		}
		size_t piece = *in_len - taken;
		if (piece > *out_len - given)
			piece = *out_len - given;
		if (piece > k->left)
			piece = (size_t)k->left;
		if (piece == 0)
			break;
		memcpy(out + given, in + taken, piece);
		taken += piece;
		given += piece;
		http_chunks_skip(k, piece);
	}
	*in_len = taken;
	*out_len = given;
	return true;
}
