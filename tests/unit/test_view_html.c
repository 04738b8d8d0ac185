/* view/html.c, and through it what the templates write. */
#include "unit.h"

#include "view/page_account.h"
#include "view/page_commits.h"
#include "view/page_diff.h"
#include "view/page_file.h"
#include "view/page_refs.h"

#define HOSTILE "\"><script>alert('1')</script>&\xFF"

static struct str view(const struct buf *b)
{
	return buf_view(b);
}

static void assert_harmless(struct str html)
{
	struct str s = html;
	assert_true(str_find_str(s, STR("<script")) == s.len);
	assert_true(
		str_find_str(s, STR("\"><")) == s.len || str_find_str(s, STR(HOSTILE)) == s.len);
	assert_true(str_is_utf8(s));
}

static void text_may_be_a_view_or_a_c_string(void **state)
{
	struct ctx *c = *state;
	struct buf out = {.arena = c->arena};
	const char *text = "<b>";
	html_text(&out, STR("<a>"));
	html_text(&out, text);
	assert_str(view(&out), "&lt;a&gt;&lt;b&gt;");
}

static void a_segment_of_a_path_cannot_leave_its_place(void **state)
{
	struct ctx *c = *state;
	struct buf out = {.arena = c->arena};
	html_url(&out, STR("../a b?c#d\"'<>&%\n"));
	assert_str(view(&out), "..%2Fa%20b%3Fc%23d%22%27%3C%3E%26%25%0A");
}

static void a_path_keeps_only_its_slashes(void **state)
{
	struct ctx *c = *state;
	struct buf out = {.arena = c->arena};
	html_path(&out, STR("a/b c/\"x\"?#"));
	assert_str(view(&out), "a/b%20c/%22x%22%3F%23");
}

static void an_id_is_short_or_whole(void **state)
{
	struct ctx *c = *state;
	struct oid id;
	struct buf out = {.arena = c->arena};
	assert_true(oid_parse(HASH_SHA1, STR("0123456789abcdef0123456789abcdef01234567"), &id));
	html_short(&out, &id);
	buf_byte(&out, ' ');
	html_id(&out, &id);
	assert_str(view(&out), "0123456789 0123456789abcdef0123456789abcdef01234567");
}

static void a_date_reads_as_people_say_it_and_tells_exactly(void **state)
{
	struct ctx *c = *state;
	struct buf out = {.arena = c->arena};
	html_time(&out, 1700000000, 1700000000 + 3 * 3600);
	assert_str(view(&out), "<time datetime=\"2023-11-14T22:13:20Z\" "
			       "title=\"2023-11-14 22:13:20 UTC\">3 hours ago</time>");
}

static void sizes_are_for_people(void **state)
{
	struct ctx *c = *state;
	struct buf out = {.arena = c->arena};
	const uint64_t sizes[] = {0, 1, 1023, 1024, 1536, 1048575, 1048576, UINT64_MAX};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		html_size(&out, sizes[i]);
		buf_byte(&out, '|');
	}
	assert_str(view(&out),
		"0 bytes|1 byte|1023 bytes|1.0 KiB|1.5 KiB|1023.9 KiB|1.0 MiB|15.9 EiB|");
}

static void only_web_addresses_in_messages_become_links(void **state)
{
	struct ctx *c = *state;
	struct buf out = {.arena = c->arena};
	html_message(&out, STR("see https://a.example/x?y=1&z=2. javascript:alert(1) http "
			       "<http://b.example>"));
	assert_str(view(&out),
		"see <a rel=\"nofollow noreferrer\" href=\"https://a.example/x?y=1&amp;z=2\">"
		"https://a.example/x?y=1&amp;z=2</a>. javascript:alert(1) http &lt;"
		"<a rel=\"nofollow noreferrer\" "
		"href=\"http://b.example\">http://b.example</a>&gt;");
}

static struct page hostile_page(void)
{
	return (struct page){.title = STR(HOSTILE),
		.css = "/assets/a.css",
		.icon = "/assets/a.svg",
		.username = STR(HOSTILE),
		.owner = true,
		.csrf = STR(HOSTILE),
		.here = STR(HOSTILE),
		.notice = STR(HOSTILE),
		.error = STR(HOSTILE),
		.now = 1700000000};
}

static struct page_repo hostile_repo(struct ctx *c)
{
	struct repo *repo = NEW(c->arena, struct repo);
	struct revision *rev = NEW(c->arena, struct revision);
	struct ref_list *refs = NEW(c->arena, struct ref_list);
	struct ref_line *line = NEW(c->arena, struct ref_line);
	repo->name = repo->description = STR(HOSTILE);
	repo->head = STR("refs/heads/" HOSTILE);
	rev->text = line->name = STR(HOSTILE);
	rev->commit = line->id = line->commit.id = oid_zero(HASH_SHA1);
	line->commit.subject = line->commit.author = STR(HOSTILE);
	*refs = (struct ref_list){line, 1, 0, 2};
	return (struct page_repo){
		hostile_page(), repo, rev, refs, STR(HOSTILE), TAB_FILES, true, true};
}

static void no_data_becomes_markup_on_any_page_of_files(void **state)
{
	struct ctx *c = *state;
	struct buf out = {.arena = c->arena};
	struct commit_line last = {oid_zero(HASH_SHA1), STR(HOSTILE), STR(HOSTILE), 1, 1};
	struct listing_entry entries[2] = {{ENTRY_FILE, STR(HOSTILE), oid_zero(HASH_SHA1), &last},
		{ENTRY_SUBMODULE, STR(HOSTILE), oid_zero(HASH_SHA1), NULL}};
	struct listing list = {STR(HOSTILE "/" HOSTILE), entries, 2, 3};
	struct file file = {
		.kind = FILE_TEXT, .path = STR(HOSTILE), .name = STR(HOSTILE), .size = 1};
	file.bytes = STR(HOSTILE "\n" HOSTILE);
	struct page_tree tree = {hostile_repo(c), &list, &last, &file, NULL};
	view_tree(&out, &tree);
	file.lfs_oid = STR(HOSTILE);
	for (int kind = FILE_TEXT; kind <= FILE_LFS; kind++) {
		struct page_blob blob = {
			.top = hostile_repo(c), .file = &file, .last = &last, .source = true};
		file.kind = (enum file_kind)kind;
		view_blob(&out, &blob);
	}
	struct page_empty empty = {hostile_repo(c), STR(HOSTILE), true};
	view_empty(&out, &empty);
	struct page_refs refs = {hostile_repo(c), STR(HOSTILE), empty.top.branches, true};
	view_refs(&out, &refs);
	assert_harmless(view(&out));
}

static void no_data_becomes_markup_on_any_page_of_history(void **state)
{
	struct ctx *c = *state;
	struct buf out = {.arena = c->arena};
	struct commit_line line = {oid_zero(HASH_SHA1), STR(HOSTILE), STR(HOSTILE), 1, 1};
	struct commit_log log = {.at = &line,
		.count = 1,
		.skip = 1,
		.head = oid_zero(HASH_SHA1),
		.more = true,
		.cut = true};
	struct page_commits commits = {.top = hostile_repo(c),
		.path = STR(HOSTILE),
		.author = STR(HOSTILE),
		.text = STR(HOSTILE),
		.since = STR(HOSTILE),
		.until = STR(HOSTILE),
		.log = &log};
	view_commits(&out, &commits);
	struct person who = {STR(HOSTILE), STR(HOSTILE), 1, 0};
	struct commit_full full = {.id = line.id, .author = who, .subject = STR(HOSTILE)};
	full.body = STR(HOSTILE " https://x.example/" HOSTILE);
	struct diff_line diff_line = {
		.kind = '+', .no_newline = true, .new_line = 1, .text = STR(HOSTILE)};
	struct diff_hunk hunk = {1, 1, 1, 1, STR(HOSTILE), &diff_line, 1};
	struct diff_file file = {
		.change = DIFF_RENAMED, .old_path = STR(HOSTILE), .new_path = STR(HOSTILE)};
	file.hunks = &hunk;
	file.hunk_count = 1;
	struct diff diff = {.files = &file, .count = 1, .total = 2, .added = 1, .removed = 1};
	struct diff_look look = {.split = true};
	struct page_commit commit = {hostile_repo(c), &full, &diff, &look};
	view_commit(&out, &commit);
	look.split = false;
	view_commit(&out, &commit);
	assert_harmless(view(&out));
}

static void no_data_becomes_markup_on_any_form(void **state)
{
	struct ctx *c = *state;
	struct buf out = {.arena = c->arena};
	struct str bad = STR(HOSTILE);
	struct passkey_form form = {bad, bad, "/x", bad, bad};
	const struct sign_in_provider provider = {"corp", HOSTILE};
	const struct sign_in_providers providers = {&provider, 1};
	struct page_sign_in sign_in = {.page = hostile_page(),
		.name = bad,
		.next = bad,
		.passkey = form,
		.providers = providers};
	view_sign_in(&out, &sign_in);
	struct page_new new = {hostile_page(), bad, bad, bad, true, true};
	view_new(&out, &new);
	struct access access = {bad, PERMISSION_WRITE, 0};
	struct user user = {.username = bad};
	struct rule rule = {.id = 1, .pattern = bad, .checks = &bad, .check_count = 1};
	for (int act = 0; act < RULE_ACTS; act++)
		rule.may[act] = (struct rule_who){RULE_PEOPLE, &bad, 1};
	rule.description = bad;
	struct page_settings settings = {hostile_repo(c), &access, 1, &user, 1, &rule, 1};
	view_settings(&out, &settings);
	struct token token = {.name = bad, .limit = PERMISSION_READ, .expires = 1};
	struct signing_key key = {.name = bad, .kid = bad};
	struct page_account account = {.page = hostile_page(),
		.tokens = &token,
		.count = 1,
		.fresh = bad,
		.keys = &key,
		.key_count = 1,
		.instance = "i",
		.has_password = true};
	view_account(&out, &account);
	struct grant grant = {.username = bad, .source = bad, .pattern = bad};
	struct page_collaborators people = {.page = hostile_page(),
		.users = &user,
		.count = 1,
		.grants = &grant,
		.grant_count = 1,
		.fresh_name = bad,
		.fresh_link = bad};
	view_collaborators(&out, &people);
	struct page_second second = {hostile_page(), bad, form};
	view_second(&out, &second);
	struct passkey passkey = {.name = bad};
	struct page_factors factors = {.page = hostile_page(),
		.factors = {.passkeys = &passkey, .passkey_count = 1},
		.add = form};
	view_factors(&out, &factors);
	struct page_totp totp = {.page = hostile_page(), .text = bad, .sealed = bad};
	view_totp(&out, &totp);
	struct page_prove prove = {.page = hostile_page(),
		.next = bad,
		.has_password = true,
		.has_factor = true,
		.passkey = form,
		.providers = providers};
	view_prove(&out, &prove);
	const int statuses[] = {400, 401, 403, 404, 409, 500, 503};
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		struct page_error error = {hostile_page(), statuses[i], bad, bad};
		view_error(&out, &error);
	}
	assert_harmless(view(&out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(text_may_be_a_view_or_a_c_string),
		UNIT_TEST(a_segment_of_a_path_cannot_leave_its_place),
		UNIT_TEST(a_path_keeps_only_its_slashes),
		UNIT_TEST(an_id_is_short_or_whole),
		UNIT_TEST(a_date_reads_as_people_say_it_and_tells_exactly),
		UNIT_TEST(sizes_are_for_people),
		UNIT_TEST(only_web_addresses_in_messages_become_links),
		UNIT_TEST(no_data_becomes_markup_on_any_page_of_files),
		UNIT_TEST(no_data_becomes_markup_on_any_page_of_history),
		UNIT_TEST(no_data_becomes_markup_on_any_form),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
