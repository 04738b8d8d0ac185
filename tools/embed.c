/*
 * Writes C that holds files: embed OUT FILE... gives the table of src/web/assets.h.
 * Runs while building, on the machine that builds.
 */
#include <openssl/evp.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HASH_BYTES = 8 };

struct file {
	const char *path;
	unsigned char *bytes;
	size_t len;
};

static void give_up(const char *what, const char *path)
{
	fprintf(stderr, "embed: cannot %s %s\n", what, path);
	exit(1);
}

static struct file file_read(const char *name)
{
	const char *slash = strrchr(name, '/');
	FILE *in = fopen(name, "rb");
	if (!in || fseek(in, 0, SEEK_END) != 0)
		give_up("open", name);
	long size = ftell(in);
	struct file file = {.path = slash ? slash + 1 : name, .len = (size_t)size};
	file.bytes = malloc(file.len + 1);
	rewind(in);
	if (size < 0 || !file.bytes || fread(file.bytes, 1, file.len, in) != file.len)
		give_up("read", name);
	fclose(in);
	return file;
}

static void file_write(FILE *out, const struct file *file, int number)
{
	fprintf(out, "static const unsigned char file_%d[] = {", number);
	for (size_t i = 0; i < file->len; i++)
		fprintf(out, "%s%u,", i % 24 ? "" : "\n\t", file->bytes[i]);
	fprintf(out, "%s};\n\n", file->len ? "\n" : "0");
}

static void row_write(FILE *out, const struct file *file, int number)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	if (!EVP_Digest(file->bytes, file->len, digest, &len, EVP_sha256(), NULL))
		give_up("hash", file->path);
	fprintf(out, "\t{\"%s\", file_%d, %zu, \"", file->path, number, file->len);
	for (int i = 0; i < HASH_BYTES; i++)
		fprintf(out, "%02x", digest[i]);
	unsigned char text[(EVP_MAX_MD_SIZE + 2) / 3 * 4 + 1];
	EVP_EncodeBlock(text, digest, (int)len);
	fprintf(out, "\", \"sha256-%s\"},\n", (const char *)text);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

int main(int count, char **words)
{
	if (count < 2)
		give_up("work without", "OUT FILE...");
	size_t files = (size_t)count - 2;
	struct file *all = calloc(files + 1, sizeof *all);
	FILE *out = fopen(words[1], "wb");
	if (!all || !out)
		give_up("write", words[1]);
	for (size_t i = 0; i < files; i++)
		all[i] = file_read(words[2 + i]);
	qsort(all, files, sizeof *all, by_path);
	fprintf(out, "/* Made by tools/embed.c. */\n#include \"web/assets.h\"\n\n");
	for (size_t i = 0; i < files; i++)
		file_write(out, &all[i], (int)i);
	fprintf(out, "const struct asset assets[] = {\n");
	for (size_t i = 0; i < files; i++)
		row_write(out, &all[i], (int)i);
	fprintf(out, "\t{0},\n};\n\nconst size_t asset_count = %zu;\n", files);
	if (fclose(out) != 0)
		give_up("write", words[1]);
	return 0;
}
