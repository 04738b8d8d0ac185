/*
 * git/'s reading side as commands on stdin, for tests that ask real git the same.
 *
 * A command is one line of words between tabs; its answer is lines that end in one that is ".". The
 * packs of a repository are opened by "repo".
 */
#include "base/buf.h"
#include "base/vec.h"
#include "git/archive.h"
#include "git/blame.h"
#include "git/diff.h"
#include "git/last_change.h"
#include "git/merge_base.h"
#include "git/merge_file.h"
#include "git/merge_tree.h"
#include "git/path_log.h"
#include "git/rename.h"
#include "os/world.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORDS_MAX = 12, PACKS_MAX = 64, BEFORE_MAX = 64 };

static struct arena forever, moment;
static struct odb odb;
static struct odb_reader reader;
static struct pack *packs[PACKS_MAX];

static struct str file_bytes(struct arena *a, const char *path)
{
	FILE *file = fopen(path, "rb");
	ASSERT(file);
	fseek(file, 0, SEEK_END);
	size_t size = (size_t)ftell(file);
	rewind(file);
	char *bytes = arena_raw(a, size + 1);
	ASSERT(fread(bytes, 1, size, file) == size);
	fclose(file);
	return str_from(bytes, size);
}

static struct extent *extent_of(const char *path)
{
	struct str bytes = file_bytes(&forever, path);
	struct extent_bytes *e = NEW(&forever, struct extent_bytes);
	extent_bytes_init(e, bytes.at, bytes.len);
	return &e->extent;
}

static enum err open_repo(struct ctx *c, char **words)
{
	DIR *folder = opendir(words[1]);
	ASSERT(folder);
	odb = (struct odb){.packs = packs};
	odb.algo = strcmp(words[2], "sha256") ? HASH_SHA1 : HASH_SHA256;
	for (struct dirent *e; (e = readdir(folder));) {
		struct str name = str_of(e->d_name);
		if (!str_skip_end(&name, STR(".pack")) || odb.count == PACKS_MAX)
			continue;
		const char *base = arena_fmt(&forever, "%s/%.*s", words[1], STR_FMT(name));
		struct extent *pack = extent_of(arena_fmt(&forever, "%s.pack", base));
		struct extent *idx = extent_of(arena_fmt(&forever, "%s.idx", base));
		TRY(pack_open(c, odb.algo, pack, idx, &packs[odb.count]));
		odb.count++;
	}
	closedir(folder);
	return OK;
}

static struct oid id_of(const char *hex)
{
	struct oid id;
	ASSERT(oid_parse(odb.algo, str_of(hex), &id));
	return id;
}

static void show_id(const struct oid *id)
{
	char hex[OID_HEX_MAX];
	printf("%s\n", oid_hex(id, hex));
}

static enum err diff(struct ctx *c, char **words)
{
	struct diff_script s;
	struct str old = file_bytes(c->arena, words[1]), new = file_bytes(c->arena, words[2]);
	TRY(diff_lines(c, old, new, &s));
	for (size_t i = 0; i < s.count; i++)
		printf("%u %u %u %u\n", s.edits[i].old_at, s.edits[i].old_count, s.edits[i].new_at,
			s.edits[i].new_count);
	return OK;
}

/* merge STYLE OURS BASE THEIRS INTO */
static enum err merge(struct ctx *c, char **words)
{
	struct merge_texts in = {.ours = file_bytes(c->arena, words[2]),
		.base = file_bytes(c->arena, words[3]),
		.theirs = file_bytes(c->arena, words[4]),
		.our_name = "ours",
		.base_name = "base",
		.their_name = "theirs",
		.style = strcmp(words[1], "diff3") == 0 ? MERGE_STYLE_DIFF3 : MERGE_STYLE_MERGE,
		.join_plain = true};
	struct merged_text out;
	TRY(merge_texts(c, &in, &out));
	FILE *file = fopen(words[5], "wb");
	ASSERT(file);
	fwrite(out.text.at, 1, out.text.len, file);
	fclose(file);
	printf("%zu\n", out.conflicts);
	return OK;
}

static enum err bases(struct ctx *c, char **words)
{
	__attribute__((cleanup(graph_done))) struct graph g;
	struct oid a = id_of(words[1]), b = id_of(words[2]);
	struct numbers found;
	struct ahead_behind counts;
	bool leads;
	graph_init(&g, &reader);
	uint32_t x = graph_add(&g, &a), y = graph_add(&g, &b);
	TRY(merge_bases(c, &g, x, y, &found));
	TRY(is_ancestor(c, &g, x, y, &leads));
	TRY(ahead_behind(c, &g, x, y, &counts));
	printf("%d %zu %zu\n", leads, counts.ahead, counts.behind);
	for (size_t i = 0; i < found.len; i++) {
		struct oid id = oidmap_oid(&g.ids, found.at[i]);
		show_id(&id);
	}
	return OK;
}

static enum err tree_of(struct ctx *c, const char *hex, struct oid *out)
{
	struct oid id = id_of(hex);
	enum object_type type;
	return odb_peel(c, &reader, &id, OBJECT_TREE, out, &type);
}

static enum err renames(struct ctx *c, char **words)
{
	struct oid old, new;
	struct tree_changes changes;
	struct rename_pairs pairs;
	TRY(tree_of(c, words[1], &old));
	TRY(tree_of(c, words[2], &new));
	TRY(tree_diff(c, &reader, &old, &new, 100000, &changes));
	TRY(renames_find(c, &reader, &changes, &RENAME_LIMITS_PAGE, &pairs));
	for (size_t i = 0; i < pairs.count; i++) {
		const struct rename_pair *p = &pairs.at[i];
		printf("%d\t%.*s\t%.*s\n", p->similarity, STR_FMT(changes.at[p->from].path),
			STR_FMT(changes.at[p->to].path));
	}
	return OK;
}

static enum err blame(struct ctx *c, char **words)
{
	struct oid id = id_of(words[1]);
	struct blame b;
	struct blame_limits limits = {1000000, 300 * 1000000ll, 10000};
	char hex[OID_HEX_MAX];
	TRY(blame_file(c, &reader, &id, str_of(words[2]), &limits, &b));
	for (size_t i = 0; i < b.count; i++)
		for (uint32_t k = 0; k < b.at[i].count; k++)
			printf("%s %u %.*s\n", oid_hex(&b.at[i].commit, hex),
				b.at[i].source_at + k + 1, STR_FMT(b.at[i].path));
	return OK;
}

/* Reads what follows through a commit-graph: graph FILE, or graph - for none. */
static enum err graph(struct ctx *c, char **words)
{
	static struct commit_graph commits;
	odb.commits = NULL;
	if (strcmp(words[1], "-") == 0)
		return OK;
	TRY(commit_graph_parse(c, odb.algo, file_bytes(&forever, words[1]), false, &commits));
	odb.commits = &commits;
	return OK;
}

/* log COMMIT PATH */
static enum err path_log(struct ctx *c, char **words)
{
	PATH_LOG log;
	const struct path_log_query query = {.from = id_of(words[1]),
		.path = str_of(words[2]),
		.steps = SIZE_MAX,
		.micros = 300 * 1000000ll};
	bool more = true;
	TRY(path_log_open(c, &log, &reader, &query));
	while (true) {
		struct oid id;
		TRY(path_log_next(c, &log, &id, &more));
		if (!more)
			return OK;
		show_id(&id);
	}
}

/* What the command "last" said so far, as the server's cache would have it. */
static struct last_changes before[BEFORE_MAX];
static size_t before_count;

static enum err forget(struct ctx *c, char **words)
{
	(void)c, (void)words;
	before_count = 0;
	return OK;
}

static enum err names_in(
	struct ctx *c, const struct oid *commit, struct str folder, struct last_changes *out)
{
	VEC_OF(struct last_change) list = {.arena = &forever};
	struct tree_entry e;
	struct oid tree;
	enum object_type type;
	struct str rest;
	TRY(odb_peel(c, &reader, commit, OBJECT_TREE, &tree, &type));
	TRY(odb_tree_path(c, &reader, &tree, folder, &e));
	TRY(odb_read_as(c, &reader, &e.id, OBJECT_TREE, &rest));
	for (bool more;;) {
		TRY(tree_next(c, odb.algo, &rest, &e, &more));
		if (!more)
			break;
		vec_push(&list)->name = str_copy(&forever, e.name);
	}
	vec_push(&list)->name = STR("");
	*out = (struct last_changes){*commit, list.at, list.len};
	return OK;
}

/* last COMMIT FOLDER STEPS, by what was said since "forget", which must be of the same folder */
static enum err last(struct ctx *c, char **words)
{
	struct oid commit = id_of(words[1]);
	struct last_changes out;
	struct last_search search = {.reader = &reader,
		.folder = str_of(words[2]),
		.before = before,
		.before_count = before_count,
		.micros = 300 * 1000000ll};
	uint64_t steps = 0;
	char hex[OID_HEX_MAX];
	ASSERT(str_to_u64(str_of(words[3]), &steps));
	search.steps = (size_t)steps;
	TRY(names_in(c, &commit, search.folder, &out));
	TRY(last_changes_find(c, &search, &out));
	for (size_t i = 0; i < out.count; i++)
		printf("%s %.*s\n", out.at[i].found ? oid_hex(&out.at[i].commit, hex) : "-",
			STR_FMT(out.at[i].name));
	if (before_count < BEFORE_MAX)
		before[before_count++] = out;
	return OK;
}

struct file_sink {
	struct sink sink;
	FILE *file;
};

static enum err file_write(struct ctx *c, struct sink *self, const void *bytes, size_t len)
{
	(void)c;
	ASSERT(fwrite(bytes, 1, len, ((struct file_sink *)self)->file) == len);
	return OK;
}

/* archive FORMAT COMMIT TIME INTO */
static enum err archive(struct ctx *c, char **words)
{
	uint64_t time = 0;
	struct archive_query query = {.prefix = STR("top-1/"), .commit = id_of(words[2])};
	query.format = strcmp(words[1], "zip") ? ARCHIVE_TAR : ARCHIVE_ZIP;
	ASSERT(str_to_u64(str_of(words[3]), &time));
	query.time = (int64_t)time;
	TRY(tree_of(c, words[2], &query.tree));
	struct file_sink out = {.sink.write = file_write, .file = fopen(words[4], "wb")};
	ASSERT(out.file);
	enum err err = archive_write(c, &reader, &query, &out.sink);
	fclose(out.file);
	return err;
}

static enum err merge_tree(struct ctx *c, char **words)
{
	__attribute__((cleanup(graph_done))) struct graph g;
	struct oid ours = id_of(words[1]), theirs = id_of(words[2]);
	struct merge_names names = {"ours", "theirs"};
	struct merge_result out;
	graph_init(&g, &reader);
	TRY(merge_commits(c, &g, graph_add(&g, &ours), graph_add(&g, &theirs), &names, &out));
	show_id(&out.tree);
	for (size_t i = 0; i < out.conflict_count; i++)
		printf("%.*s: %s\n", STR_FMT(out.conflicts[i].path),
			merge_conflict_text(out.conflicts[i].kind));
	return OK;
}

static const struct {
	const char *name;
	enum err (*run)(struct ctx *c, char **words);
} commands[] = {
	{"repo", open_repo},
	{"diff", diff},
	{"merge", merge},
	{"bases", bases},
	{"renames", renames},
	{"blame", blame},
	{"archive", archive},
	{"mergetree", merge_tree},
	{"graph", graph},
	{"log", path_log},
	{"forget", forget},
	{"last", last},
};

static enum err run(struct ctx *c, char **words)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(words[0], commands[i].name) == 0)
			return commands[i].run(c, words);
	return fail(c, ERR_UNSUPPORTED, "no command %s", words[0]);
}

int main(void)
{
	char *line = NULL;
	size_t cap = 0;
	arena_init(&forever);
	for (ssize_t len; (len = getline(&line, &cap, stdin)) > 0;) {
		struct ctx c;
		char *words[WORDS_MAX + 1] = {0}, *rest = line, *tab;
		size_t count = 0;
		line[len - 1] = 0;
		while (count < WORDS_MAX && (words[count++] = rest) && (tab = strchr(rest, '\t')))
			*tab = 0, rest = tab + 1;
		arena_init(&moment);
		ctx_init(&c, &moment, os_world());
		odb_reader_init(&c, &reader, &odb);
		if (run(&c, words))
			printf("error %s: %s\n", err_name(c.error.kind), c.error.text);
		printf(".\n");
		fflush(stdout);
		arena_done(&moment);
	}
	for (size_t i = 0; i < odb.count; i++)
		pack_unref(packs[i]);
	arena_done(&forever);
	free(line);
	return 0;
}
