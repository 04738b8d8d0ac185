/* What core/browse_file.c and core/browse_log.c keep in core/made_cache.h: it is used, is the same to the byte, and for nothing else. */
#include "core/browse.h"

#include "unit.h"

#include "core/made_cache.h"
#include "driver/driver.h"
#include "odb_make.h"

/* Renders by another, and counts how often; each time takes so long. */
struct counting {
	struct markup markup;
	struct markup *by;
	int count;
	int64_t micros;
};

static int64_t moved;

static int64_t moved_monotonic(void)
{
	return moved;
}

static enum err count_render(struct ctx *c, struct markup *self, struct str text,
	const struct markup_base *base, struct buf *html)
{
	struct counting *counting = (struct counting *)self;
	counting->count++;
	moved += counting->micros;
	return markup_render(c, counting->by, text, base, html);
}

static const struct markup_ops counting_ops = {.render = count_render};

/* A look into a repository that has no objects; its README, and whoever renders that. */
struct scene {
	struct counting counting;
	struct core core;
	struct world world;
	struct browse browse;
	struct revision rev;
	struct file file;
};

static void set_scene(struct ctx *c, struct scene *s)
{
	moved = 1;
	s->world = *c->world;
	s->world.monotonic = moved_monotonic;
	c->world = &s->world;
	s->counting = (struct counting){{&counting_ops}, markup_md4c_open(), 0, 0};
	s->core = (struct core){.markup = &s->counting.markup, .made = made_cache_open()};
	s->browse = (struct browse){.repo.name = STR("r"), .core = &s->core};
	s->rev = (struct revision){.text = STR("main")};
	s->file = (struct file){
		.path = STR("docs/README.md"),
		.name = STR("README.md"),
		.bytes = STR("# *Hi*\n\n![a](a.png) ![b](https://img.example.org/b)\n"),
		.id = oid_zero(HASH_SHA1),
	};
	s->file.id.hash[0] = 1;
}

/* Renders, by so many runs; and says what came of it. */
static struct str rendered(struct ctx *c, struct scene *s, int runs)
{
	int before = s->counting.count;
	s->file.html = (struct str){0};
	assert_ok(c, browse_render(c, &s->browse, &s->rev, &s->file));
	assert_int_equal(s->counting.count - before, runs);
	return s->file.html;
}

static void rendered_text_is_kept_to_the_byte(void **state)
{
	struct ctx *c = *state;
	struct scene s;
	set_scene(c, &s);
	struct str first = rendered(c, &s, 1), again = rendered(c, &s, 0);
	assert_true(first.len > 0 && str_eq(first, again));
	assert_ptr_not_equal(first.at, again.at);
	assert_true(str_find_str(first, STR("src=\"/r/raw/main/docs/a.png\"")) < first.len);
	made_cache_close(s.core.made);
	s.core.made = NULL;
	assert_true(str_eq(rendered(c, &s, 1), first));
	assert_true(str_eq(rendered(c, &s, 1), first));
}

/* Changes one thing that a rendered text rests on. */
static void change(struct ctx *c, struct scene *s, int what)
{
	switch (what) {
	case 0:
		s->file.id.hash[19]++;
		s->file.bytes = STR("# Another\n");
		break;
	case 1: s->file.path = STR("other/README.md"); break;
	case 2: s->file.path = STR("README.md"); break;
	case 3: s->rev.text = STR("side"); break;
	case 4: s->browse.repo.name = STR("q"); break;
	default:
		assert_ok(c,
			image_hosts_parse(c, what == 5 ? STR("img.example.org") : STR("b.example"),
				&s->core.image_hosts));
	}
}

static void what_is_kept_is_for_nothing_else(void **state)
{
	struct ctx *c = *state;
	for (int what = 0; what < 7; what++) {
		struct scene s;
		set_scene(c, &s);
		struct str first = rendered(c, &s, 1);
		struct file file = s.file;
		struct revision rev = s.rev;
		struct browse browse = s.browse;
		change(c, &s, what);
		struct str other = rendered(c, &s, 1);
		/* The text has no picture of the last one's host. */
		assert_int_equal(str_eq(first, other), what == 6);
		assert_true(str_eq(rendered(c, &s, 0), other));
		s.file = file;
		s.rev = rev;
		s.browse = browse;
		s.core.image_hosts = (struct image_hosts){0};
		assert_true(str_eq(rendered(c, &s, 0), first));
		made_cache_close(s.core.made);
	}
}

static void pictures_go_when_their_host_does(void **state)
{
	struct ctx *c = *state;
	struct scene s;
	set_scene(c, &s);
	struct str picture = STR("<img src=\"https://img.example.org/b\"");
	change(c, &s, 5);
	struct str shown = rendered(c, &s, 1);
	assert_true(str_find_str(shown, picture) < shown.len);
	s.core.image_hosts = (struct image_hosts){0};
	struct str hidden = rendered(c, &s, 1);
	assert_int_equal(str_find_str(hidden, picture), hidden.len);
	made_cache_close(s.core.made);
}

static void what_is_being_written_and_what_took_long_is_not_kept(void **state)
{
	struct ctx *c = *state;
	struct scene s;
	set_scene(c, &s);
	struct oid id = s.file.id;
	s.file.id = (struct oid){0};
	(void)rendered(c, &s, 1);
	(void)rendered(c, &s, 1);
	s.file.id = id;
	s.counting.micros = 50 * 1000;
	(void)rendered(c, &s, 1);
	(void)rendered(c, &s, 1);
	s.counting.micros = 50 * 1000 - 1;
	(void)rendered(c, &s, 1);
	(void)rendered(c, &s, 0);
	made_cache_close(s.core.made);
}

/* Over the renderer's limit it is shown as it is written: that is no HTML to be kept. */
static void what_cannot_be_rendered_is_not_kept(void **state)
{
	struct ctx *c = *state;
	struct scene s;
	set_scene(c, &s);
	struct buf text = {.arena = c->arena};
	for (int i = 0; i < 5000; i++)
		buf_cstr(&text, "> ");
	buf_byte(&text, 'a');
	s.file.bytes = buf_view(&text);
	assert_int_equal(rendered(c, &s, 1).len, 0);
	assert_int_equal(rendered(c, &s, 1).len, 0);
	made_cache_close(s.core.made);
}

/*
 * Four commits, each of which but the third changes "a". In `whole` is all of it, in `bare` the commits alone: there a walk finds
 * no path in any of them, so that a history that is answered was kept.
 */
struct history {
	struct odb_make *whole, *bare;
	struct core core;
	struct browse in_whole, in_bare;
	struct oid commits[4];
};

static struct oid both(struct history *h, struct oid tree, const struct oid *parents, int n)
{
	struct oid one = odb_make_commit(h->whole, tree, parents, 1000 + n);
	struct oid two = odb_make_commit(h->bare, tree, parents, 1000 + n);
	assert_true(oid_eq(&one, &two));
	return one;
}

static void set_history(struct ctx *c, struct history *h)
{
	static const char *const texts[][2] = {{"1", "1"}, {"2", "1"}, {"2", "2"}, {"3", "2"}};
	*h = (struct history){.whole = odb_make(c, HASH_SHA1), .bare = odb_make(c, HASH_SHA1)};
	for (int i = 0; i < 4; i++) {
		struct oid a = odb_make_object(h->whole, OBJECT_BLOB, str_of(texts[i][0]));
		struct oid b = odb_make_object(h->whole, OBJECT_BLOB, str_of(texts[i][1]));
		struct oid tree = odb_make_tree(h->whole, "100644 a", a, "100644 b", b);
		h->commits[i] = both(h, tree, i ? PARENTS(h->commits[i - 1]) : NULL, i);
	}
	odb_make_pack(h->whole);
	odb_make_pack(h->bare);
	h->core.made = made_cache_open();
	h->in_whole.core = h->in_bare.core = &h->core;
	odb_reader_init(c, &h->in_whole.reader, &h->whole->odb);
	odb_reader_init(c, &h->in_bare.reader, &h->bare->odb);
}

static void end_history(struct history *h)
{
	made_cache_close(h->core.made);
	odb_make_done(h->whole);
	odb_make_done(h->bare);
}

static void assert_same_log(const struct commit_log *one, const struct commit_log *two)
{
	assert_int_equal(one->count, two->count);
	for (size_t i = 0; i < one->count; i++) {
		assert_true(oid_eq(&one->at[i].id, &two->at[i].id));
		assert_true(str_eq(one->at[i].subject, two->at[i].subject));
		assert_true(str_eq(one->at[i].author, two->at[i].author));
		assert_int_equal(one->at[i].when, two->at[i].when);
		assert_int_equal(one->at[i].parents, two->at[i].parents);
	}
	assert_true(str_eq(one->next, two->next));
	assert_int_equal(one->more, two->more);
	assert_int_equal(one->cut, two->cut);
	assert_int_equal(one->skip, two->skip);
	assert_true(oid_eq(&one->head, &two->head));
	assert_true(one->rows == two->rows);
}

static void the_first_page_of_a_paths_history_is_kept(void **state)
{
	struct ctx *c = *state;
	struct history h;
	struct commit_log walked, kept;
	set_history(c, &h);
	static const size_t limits[] = {1, 2, 3, 10};
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		const struct log_query q = {
			.from = h.commits[3], .path = STR("a"), .limit = limits[i]};
		assert_ok(c, browse_log(c, &h.in_whole, &q, &walked));
		assert_int_equal(walked.count, limits[i] < 3 ? limits[i] : 3);
		assert_int_equal(walked.more, limits[i] < 3);
		assert_ok(c, browse_log(c, &h.in_bare, &q, &kept));
		assert_same_log(&walked, &kept);
	}
	/* The next page goes on from a kept one's cursor. */
	struct log_query q = {.from = h.commits[3], .path = STR("a"), .limit = 1};
	assert_ok(c, browse_log(c, &h.in_bare, &q, &kept));
	q.after = kept.next;
	assert_ok(c, browse_log(c, &h.in_whole, &q, &walked));
	assert_int_equal(walked.count, 1);
	assert_true(oid_eq(&walked.at[0].id, &h.commits[1]));
	end_history(&h);
}

static void assert_walks(struct ctx *c, struct history *h, const struct log_query *query)
{
	struct commit_log log;
	assert_ok(c, browse_log(c, &h->in_bare, query, &log));
	assert_int_equal(log.count, 0);
}

static void a_kept_history_is_for_nothing_else(void **state)
{
	struct ctx *c = *state;
	struct history h;
	struct commit_log log;
	set_history(c, &h);
	const struct log_query q = {.from = h.commits[3], .path = STR("a"), .limit = 2};
	assert_ok(c, browse_log(c, &h.in_whole, &q, &log));
	struct log_query others[] = {q, q, q, q, q, q, q, q, q};
	others[0].path = STR("b");
	others[1].path = STR("a/");
	others[2].from = h.commits[2];
	others[3].limit = 3;
	others[4].skip = 1;
	others[5].after = log.next;
	others[6].graph = true;
	others[7].author = STR("A");
	others[8].since = 1;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_walks(c, &h, &others[i]);
	assert_ok(c, browse_log(c, &h.in_bare, &q, &log));
	assert_int_equal(log.count, 2);
	/* Nor is anything kept that was no first page of all. */
	for (size_t i = 4; i < sizeof others / sizeof *others; i++) {
		assert_ok(c, browse_log(c, &h.in_whole, &others[i], &log));
		assert_true(log.count > 0);
		assert_walks(c, &h, &others[i]);
	}
	made_cache_close(h.core.made);
	h.core.made = NULL;
	assert_walks(c, &h, &q);
	end_history(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(rendered_text_is_kept_to_the_byte),
		UNIT_TEST(what_is_kept_is_for_nothing_else),
		UNIT_TEST(pictures_go_when_their_host_does),
		UNIT_TEST(what_is_being_written_and_what_took_long_is_not_kept),
		UNIT_TEST(what_cannot_be_rendered_is_not_kept),
		UNIT_TEST(the_first_page_of_a_paths_history_is_kept),
		UNIT_TEST(a_kept_history_is_for_nothing_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
