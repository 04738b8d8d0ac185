/* git/last_change.c and git/path_log.c: beside what anybody can follow, on random histories;
 * tests/git/test_path_history.py holds them beside git. */
#include "unit.h"

#include "git/last_change.h"
#include "git/path_log.h"
#include "history_make.h"

enum { COMMITS = 60, ENTRIES = 3, PLENTY = 1000000, LINE = 120, EACH = 10 };

static const char *const folders[] = {"", "dir"};
static const char *const entries[2][ENTRIES] = {{"", "dir", "file"}, {"", "a", "b"}};

static struct oid entry_at(struct ctx *c, struct history *h, int n, struct str path)
{
	struct tree_entry e;
	assert_ok(c, odb_tree_path(c, &h->reader, &h->trees[n], path, &e));
	return e.id;
}

static struct str path_of(struct ctx *c, int folder, int entry)
{
	const char *in = folders[folder], *name = entries[folder][entry];
	return str_of(arena_fmt(c->arena, "%s%s%s", in, *in && *name ? "/" : "", name));
}

/* Goes from commit to the first parent that has it the same. */
static int last_of(struct ctx *c, struct history *h, int n, struct str path)
{
	struct oid now = entry_at(c, h, n, path);
	for (int i = 0; i < 2; i++) {
		int parent = h->parents[n][i];
		struct oid there;
		if (parent < 0)
			continue;
		there = entry_at(c, h, parent, path);
		if (oid_eq(&there, &now))
			return last_of(c, h, parent, path);
	}
	return n;
}

struct looks {
	struct last_changes at[COMMITS * 4];
	size_t count;
};

static struct last_changes *look(
	struct ctx *c, struct history *h, int folder, int n, size_t steps, struct looks *before)
{
	struct last_search search = {.reader = &h->reader,
		.folder = str_of(folders[folder]),
		.before = before->at,
		.before_count = before->count,
		.steps = steps,
		.micros = 60 * 1000000ll};
	struct last_changes *out = NEW(c->arena, struct last_changes);
	*out = (struct last_changes){.commit = h->commits[n],
		.at = NEW_ARRAY(c->arena, struct last_change, ENTRIES),
		.count = ENTRIES};
	for (int i = 0; i < ENTRIES; i++)
		out->at[i].name = str_of(entries[folder][i]);
	assert_ok(c, last_changes_find(c, &search, out));
	return out;
}

/* How many are found; these are right. */
static size_t judge(
	struct ctx *c, struct history *h, int folder, int n, const struct last_changes *got)
{
	size_t found = 0;
	for (int i = 0; i < ENTRIES; i++) {
		struct str path = path_of(c, folder, i);
		struct oid now = entry_at(c, h, n, path);
		if (got->at[i].found) {
			struct oid want = h->commits[last_of(c, h, n, path)];
			assert_true(oid_eq(&got->at[i].commit, &want));
			found++;
			continue;
		}
		/* It stands where it is as it is now. */
		int at = 0;
		while (!oid_eq(&h->commits[at], &got->at[i].commit))
			at++;
		struct oid there = entry_at(c, h, at, path);
		assert_true(oid_eq(&there, &now));
	}
	return found;
}

/* Of any commit, whatever was looked at before; given up at once, and taken up again. */
static void check(struct ctx *c, struct history *h)
{
	for (int folder = 0; folder < 2; folder++) {
		struct looks *before = NEW(c->arena, struct looks);
		for (int round = 0; round < 40; round++) {
			struct looks none = {.count = 0};
			int n = (int)history_random(h, COMMITS);
			struct last_changes *got = look(c, h, folder, n, PLENTY, &none);
			assert_int_equal(judge(c, h, folder, n, got), ENTRIES);
			size_t steps = 1 + history_random(h, 6);
			got = look(c, h, folder, n, steps, before);
			judge(c, h, folder, n, got);
			before->at[before->count++] = *got;
		}
	}
}

static void each_entry_is_of_the_commit_that_changed_it(void **state)
{
	for (unsigned seed = 1; seed < 7; seed++) {
		struct history *h = history_make(*state, seed, COMMITS, seed > 3);
		check(*state, h);
		history_done(h);
	}
}

static void so_it_is_with_all_or_some_in_a_commit_graph(void **state)
{
	for (unsigned seed = 1; seed < 7; seed++) {
		struct history *h = history_make(*state, seed, COMMITS, seed > 3);
		history_commit_graph(h, seed % 2 ? COMMITS : COMMITS / 2);
		check(*state, h);
		history_done(h);
	}
}

static void so_it_is_where_filters_end_nowhere(void **state)
{
	for (unsigned seed = 1; seed < 5; seed++) {
		struct history *h = history_make(*state, seed, COMMITS, true);
		history_commit_graph(h, COMMITS);
		struct commit_graph all = *h->make->odb.commits;
		/* The graph lies in the test's memory. */
		uint8_t *ends = (uint8_t *)(uintptr_t)all.file.all + all.filter_ends.at;
		for (uint32_t i = 0; i < all.count && seed % 2; i++)
			if (history_random(h, 3) == 0)
				memset(ends + 4 * i, 0xff, 4);
		if (seed % 2 == 0)
			all.filters.size /= seed;
		h->make->odb.commits = &all;
		check(*state, h);
		history_done(h);
	}
}

static void a_search_that_was_given_up_goes_on(void **state)
{
	struct ctx *c = *state;
	struct history *h = history_make(c, 4, COMMITS, false);
	struct looks before = {.count = 0};
	size_t found = 0, looks = 0;
	for (; found < ENTRIES; looks++) {
		assert_true(looks < COMMITS);
		struct last_changes *got = look(c, h, 0, COMMITS - 1, 1, &before);
		found = judge(c, h, 0, COMMITS - 1, got);
		before.at[0] = *got;
		before.count = 1;
	}
	assert_true(looks > 1);
	history_done(h);
}

static void an_answer_as_of_the_same_commit_is_taken_as_it_is(void **state)
{
	struct ctx *c = *state;
	struct history *h = history_make(c, 4, COMMITS, false);
	struct looks before = {.count = 0};
	struct last_changes *first = look(c, h, 1, COMMITS - 1, PLENTY, &before);
	assert_int_equal(judge(c, h, 1, COMMITS - 1, first), ENTRIES);
	before.at[before.count++] = *first;
	struct last_changes *got = look(c, h, 1, COMMITS - 1, 0, &before);
	assert_int_equal(judge(c, h, 1, COMMITS - 1, got), ENTRIES);
	/* Not so where it does not answer all. */
	first->at[1].found = false;
	got = look(c, h, 1, COMMITS - 1, 0, &before);
	assert_true(judge(c, h, 1, COMMITS - 1, got) < ENTRIES);
	history_done(h);
}

static void after_one_more_commit_only_that_is_looked_at(void **state)
{
	struct ctx *c = *state;
	struct history *h = history_make(c, 4, COMMITS, false);
	struct looks before = {.count = 0};
	int n = COMMITS - 1;
	while (h->parents[n][0] != n - 1 || h->parents[n][1] >= 0)
		n--;
	before.at[before.count++] = *look(c, h, 0, n - 1, PLENTY, &before);
	struct last_changes *got = look(c, h, 0, n, 2, &before);
	assert_int_equal(judge(c, h, 0, n, got), ENTRIES);
	history_done(h);
}

static void what_is_no_folder_is_not_found(void **state)
{
	struct ctx *c = *state;
	struct history *h = history_make(c, 1, 3, false);
	struct last_changes out = {.commit = h->commits[2]};
	const char *const wrong[] = {"file", "none", "dir/a/b"};
	for (size_t i = 0; i < 3; i++) {
		struct last_search search = {
			.reader = &h->reader, .folder = str_of(wrong[i]), .steps = 1};
		assert_err(c, last_changes_find(c, &search, &out), ERR_NOT_FOUND);
		ctx_clear(c);
	}
	history_done(h);
}

/* The commits of a log, oldest last, as one text. */
static struct str log_of(
	struct ctx *c, struct history *h, struct path_log_query query, size_t *count, bool *cut)
{
	struct buf out = {.arena = c->arena};
	PATH_LOG log;
	assert_ok(c, path_log_open(c, &log, &h->reader, &query));
	for (*count = 0;; ++*count) {
		struct oid id;
		bool more;
		char hex[OID_HEX_MAX];
		assert_ok(c, path_log_next(c, &log, &id, &more));
		if (!more)
			break;
		buf_fmt(&out, "%s ", oid_hex(&id, hex));
	}
	*cut = log.cut;
	return buf_view(&out);
}

static void a_log_is_the_same_with_a_commit_graph(void **state)
{
	struct ctx *c = *state;
	const char *const paths[] = {"", "dir", "dir/a", "dir/b", "file", "none"};
	for (unsigned seed = 1; seed < 7; seed++) {
		struct history *h = history_make(c, seed, COMMITS, seed > 3);
		struct str want[6];
		size_t count;
		bool cut;
		for (int indexed = 0; indexed <= COMMITS; indexed += COMMITS / 2) {
			if (indexed)
				history_commit_graph(h, indexed);
			for (int i = 0; i < 6; i++) {
				struct path_log_query query = {.from = h->commits[COMMITS - 1],
					.path = str_of(paths[i]),
					.steps = PLENTY,
					.micros = PLENTY};
				struct str got = log_of(c, h, query, &count, &cut);
				assert_false(cut);
				assert_int_equal(count == 0, i == 5);
				if (!indexed)
					want[i] = got;
				assert_true(str_eq(got, want[i]));
			}
		}
		history_done(h);
	}
}

/* Far away other commits are looked into: neighbours, and each once. */
static void a_log_from_afar_is_the_same(void **state)
{
	struct ctx *c = *state;
	const char *const paths[] = {"dir", "dir/a", "dir/b", "file", "none"};
	for (unsigned seed = 1; seed < 13; seed++) {
		struct history *h = history_make(c, seed, COMMITS, seed > 6);
		history_commit_graph(h, seed % 3 ? COMMITS : COMMITS / 2);
		for (int i = 0; i < 5; i++) {
			struct path_log_query query = {.from = h->commits[COMMITS - 1],
				.path = str_of(paths[i]),
				.steps = PLENTY,
				.micros = PLENTY};
			size_t count;
			bool cut;
			struct str near = log_of(c, h, query, &count, &cut);
			c->afar.bytes = 1;
			struct str far = log_of(c, h, query, &count, &cut);
			c->afar.bytes = 0;
			assert_false(cut);
			assert_true(str_eq(near, far));
		}
		history_done(h);
	}
}

/* One line of commits: every `each`th changes "dir/a", the others "file". */
static struct history *history_line(struct ctx *c, int count, int each)
{
	struct history *h = NEW(c->arena, struct history);
	struct oid a = {0}, file = {0};
	*h = (struct history){.make = odb_make(c, HASH_SHA1), .count = count};
	for (int n = 0; n < count; n++) {
		struct oid blob = odb_make_object(
			h->make, OBJECT_BLOB, str_of(arena_fmt(c->arena, "%d\n", n)));
		a = n % each ? a : blob;
		file = n && n % each == 0 ? file : blob;
		struct oid dir = odb_make_tree(h->make, "100644 a", a, NULL, a);
		struct oid parents[2] = {{.algo = 0}};
		if (n)
			parents[0] = h->commits[n - 1];
		h->parents[n][0] = n - 1;
		h->parents[n][1] = -1;
		h->dates[n] = 1000000 + n * 10;
		h->trees[n] = odb_make_tree(h->make, "40000 dir", dir, "100644 file", file);
		h->commits[n] = odb_make_commit(h->make, h->trees[n], parents, h->dates[n]);
	}
	odb_make_pack(h->make);
	odb_reader_init(c, &h->reader, &h->make->odb);
	return h;
}

/* Of how many places, which are commits side by side, does the log of "dir/a" read trees? */
static size_t places_of(struct ctx *c, struct history *h, size_t *count)
{
	struct path_log_query query = {.from = h->commits[LINE - 1],
		.path = STR("dir/a"),
		.steps = PLENTY,
		.micros = PLENTY};
	bool here[LINE] = {false}, more = true;
	size_t places = 0;
	PATH_LOG log;
	assert_ok(c, path_log_open(c, &log, &h->reader, &query));
	for (*count = 0; more; *count += more) {
		struct oid id;
		assert_ok(c, path_log_next(c, &log, &id, &more));
	}
	for (size_t n = 0; n < LINE; n++) {
		uint32_t number = graph_add(&log.graph, &h->commits[n]);
		if (!graph_has(&log.graph, number, MARK_PARSED))
			continue;
		size_t index = graph_node(&log.graph, number)->commit;
		here[n] = index < log.watch.seen.len && log.watch.seen.at[index].here;
	}
	for (size_t n = 0; n < LINE; n++)
		places += here[n] && (n == 0 || !here[n - 1]);
	return places;
}

static void from_afar_a_log_reads_trees_of_half_as_many_places(void **state)
{
	struct ctx *c = *state;
	struct history *h = history_line(c, LINE, EACH);
	size_t near, far, count;
	history_commit_graph(h, LINE);
	near = places_of(c, h, &count);
	assert_int_equal(count, LINE / EACH);
	c->afar.bytes = 1;
	far = places_of(c, h, &count);
	c->afar.bytes = 0;
	assert_int_equal(count, LINE / EACH);
	assert_int_equal(near, LINE / EACH - 1);
	assert_int_equal(far, LINE / EACH / 2);
	history_done(h);
}

static void a_log_that_was_given_up_says_so(void **state)
{
	struct ctx *c = *state;
	struct history *h = history_make(c, 3, COMMITS, false);
	struct path_log_query query = {
		.from = h->commits[COMMITS - 1], .path = STR(""), .steps = 5, .micros = PLENTY};
	size_t count;
	bool cut;
	log_of(c, h, query, &count, &cut);
	assert_int_equal(count, 5);
	assert_true(cut);
	query.steps = PLENTY;
	query.micros = -1;
	log_of(c, h, query, &count, &cut);
	assert_true(cut);
	history_done(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(each_entry_is_of_the_commit_that_changed_it),
		UNIT_TEST(so_it_is_with_all_or_some_in_a_commit_graph),
		UNIT_TEST(so_it_is_where_filters_end_nowhere),
		UNIT_TEST(a_search_that_was_given_up_goes_on),
		UNIT_TEST(an_answer_as_of_the_same_commit_is_taken_as_it_is),
		UNIT_TEST(after_one_more_commit_only_that_is_looked_at),
		UNIT_TEST(what_is_no_folder_is_not_found),
		UNIT_TEST(a_log_is_the_same_with_a_commit_graph),
		UNIT_TEST(a_log_from_afar_is_the_same),
		UNIT_TEST(from_afar_a_log_reads_trees_of_half_as_many_places),
		UNIT_TEST(a_log_that_was_given_up_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
