#include "base/uri.h"

#include "base/hex.h"

bool uri_decode(struct arena *a, struct str text, bool form, struct str *out)
{
	char *to = arena_raw(a, text.len + 1);
	size_t len = 0;
	for (size_t i = 0; i < text.len; i++) {
		char byte = text.at[i];
		if (byte == '%') {
			if (text.len - i < 3 || !hex_decode(text.at + i + 1, 1, &byte))
				return false;
			i += 2;
		} else if (byte == '+' && form) {
			byte = ' ';
		}
		if (byte == 0)
			return false;
		to[len++] = byte;
	}
	to[len] = 0;
	*out = (struct str){to, len};
	return true;
}

static bool is_unreserved(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' ||
	       byte == '~';
}

static void encode(struct buf *b, struct str text, bool keep_slash)
{
	for (size_t i = 0; i < text.len; i++) {
		char byte = text.at[i];
		if (is_unreserved(byte) || (keep_slash && byte == '/'))
			buf_byte(b, byte);
		else
			buf_bytes(b,
				(char[]){'%', "0123456789ABCDEF"[(uint8_t)byte >> 4],
					"0123456789ABCDEF"[byte & 15]},
				3);
	}
}

void uri_encode(struct buf *b, struct str text)
{
	encode(b, text, false);
}

void uri_encode_path(struct buf *b, struct str text)
{
	encode(b, text, true);
}

bool uri_param(struct arena *a, struct str query, struct str name, struct str *value)
{
	while (query.len) {
		struct str pair = str_cut(&query, '&');
		struct str key = str_cut(&pair, '=');
		struct str decoded;
		if (uri_decode(a, key, true, &decoded) && str_eq(decoded, name))
			return uri_decode(a, pair, true, value);
	}
	return false;
}
