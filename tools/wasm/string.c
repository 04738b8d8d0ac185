/* Compiled with -fno-builtin, else the compiler would make a loop into a call of itself. */
#include <stdint.h>
#include <string.h>

void *memcpy(void *to, const void *from, size_t len)
{
	return __builtin_memcpy(to, from, len);
}

void *memmove(void *to, const void *from, size_t len)
{
	return __builtin_memmove(to, from, len);
}

void *memset(void *to, int byte, size_t len)
{
	return __builtin_memset(to, byte, len);
}

int memcmp(const void *a, const void *b, size_t len)
{
	const unsigned char *x = a, *y = b;
	for (size_t i = 0; i < len; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

void *memchr(const void *at, int byte, size_t len)
{
	const unsigned char *x = at;
	for (size_t i = 0; i < len; i++)
		if (x[i] == (unsigned char)byte)
			return (void *)(uintptr_t)(x + i);
	return NULL;
}

size_t strlen(const char *text)
{
	size_t len = 0;
	while (text[len])
		len++;
	return len;
}

int strncmp(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (a[i] != b[i])
			return (unsigned char)a[i] < (unsigned char)b[i] ? -1 : 1;
		if (a[i] == 0)
			break;
	}
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}
