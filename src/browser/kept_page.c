/* The pages of a kept repository: what the handlers of web/ do with a database at hand. */
#include "base/date.h"
#include "base/uri.h"
#include "browser/kept.h"
#include "core/browse_text.h"
#include "view/page_commits.h"
#include "view/page_diff.h"
#include "view/page_file.h"

enum { LOG_PER_PAGE = 40, FOUND = 200, ELSEWHERE = 303, MISSING = 404 };

/* One page that is being made. */
struct making {
	struct kept *k;
	const struct kept_ask *ask;
	struct ref_line branch;
	struct ref_list branches;
	struct revision rev;
	struct str path;
	struct buf *out;
};

static struct str query_of(struct ctx *c, const struct making *m, const char *name)
{
	struct str value;
	return uri_param(c->arena, m->ask->query, str_of(name), &value) ? str_trim(value) : STR("");
}

/* "2026-11-28 06:40 UTC" */
static struct str moment(struct ctx *c, int64_t seconds)
{
	char text[24];
	date_rfc3339(seconds, text);
	return str_of(arena_fmt(c->arena, "%.10s %.5s UTC", text, text + 11));
}

static struct str banner(struct ctx *c, const struct kept *k)
{
	struct buf out = {.arena = c->arena};
	char hex[OID_HEX_MAX];
	buf_fmt(&out, "Offline copy of %.*s as of %.10s, %.*s.", STR_FMT(k->tip.text),
		oid_hex(&k->tip.commit, hex), STR_FMT(moment(c, k->when)));
	if (k->depth)
		buf_fmt(&out, " Its history is cut: it has the newest %llu commits of each line.",
			(unsigned long long)k->depth);
	return buf_view(&out);
}

static void page_begin(struct ctx *c, const struct making *m, struct str title, struct page *page)
{
	struct buf css = {.arena = c->arena}, icon = {.arena = c->arena};
	html_str(&css, m->k->css);
	html_str(&icon, m->k->icon);
	*page = (struct page){.title = title,
		.css = buf_text(&css),
		.icon = buf_text(&icon),
		.here = m->ask->path,
		.notice = banner(c, m->k),
		.now = m->ask->now};
}

static void top_begin(struct ctx *c, struct making *m, enum repo_tab tab, struct page_repo *top)
{
	struct kept *k = m->k;
	const struct repo *repo = &k->browse.repo;
	m->branch = (struct ref_line){.name = k->tip.text, .id = k->tip.commit, .is_default = true};
	m->branches = (struct ref_list){&m->branch, 1, 0, 1};
	*top = (struct page_repo){
		.repo = repo, .rev = &m->rev, .branches = &m->branches, .tab = tab};
	page_begin(c, m, repo->name, &top->page);
	top->clone_url = str_of(
		arena_fmt(c->arena, "%.*s/%.*s.git", STR_FMT(k->origin), STR_FMT(repo->name)));
}

static struct str title_of(struct ctx *c, const struct making *m, struct str what)
{
	return str_of(
		arena_fmt(c->arena, "%.*s · %.*s", STR_FMT(what), STR_FMT(m->k->browse.repo.name)));
}

static enum err resolve_id(struct ctx *c, struct making *m, struct str hex)
{
	struct oid id;
	enum object_type type;
	char full[OID_HEX_MAX];
	struct odb_reader *reader = &m->k->browse.reader;
	TRY(odb_find_prefix(c, reader, hex, &id));
	TRY(odb_peel(c, reader, &id, OBJECT_COMMIT, &m->rev.commit, &type));
	if (type != OBJECT_COMMIT)
		return fail(c, ERR_NOT_FOUND, "%.*s is not a commit", STR_FMT(hex));
	m->rev.kind = REVISION_COMMIT;
	m->rev.text = str_copy(c->arena, str_of(oid_hex(&m->rev.commit, full)));
	return OK;
}

static bool is_hex(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!((s.at[i] >= '0' && s.at[i] <= '9') || (s.at[i] >= 'a' && s.at[i] <= 'f')))
			return false;
	return s.len >= 4 && s.len <= 2 * HASH_MAX;
}

/* The branch, or a commit by its id: the copy knows no other names. */
static enum err resolve(struct ctx *c, struct making *m, struct str text)
{
	struct str rest = text;
	while (str_skip_end(&text, STR("/")))
		;
	m->rev = m->k->tip;
	if (str_skip(&rest, m->k->tip.text) && (!rest.len || str_skip(&rest, STR("/")))) {
		m->path = rest;
		return OK;
	}
	struct str first = str_cut(&text, '/');
	m->path = text;
	if (str_is(first, "HEAD"))
		return OK;
	if (is_hex(first))
		return resolve_id(c, m, first);
	return fail(c, ERR_NOT_FOUND, "there is no \"%.*s\" in it", STR_FMT(first));
}

static int lead(struct making *m, const char *verb)
{
	buf_fmt(m->out, "/%.*s/%s/", STR_FMT(m->k->browse.repo.name), verb);
	uri_encode_path(m->out, m->rev.text);
	buf_cstr(m->out, m->path.len ? "/" : "");
	uri_encode_path(m->out, m->path);
	return ELSEWHERE;
}

static enum err show_tree(struct ctx *c, struct making *m)
{
	struct browse *b = &m->k->browse;
	struct listing list;
	struct file *readme;
	struct language_shares shares = {0};
	struct page_tree p = {.listing = &list, .languages = &shares};
	TRY(browse_listing(c, b, &m->rev, m->path, &list));
	TRY(browse_last_changes(c, b, &m->rev, &list, &p.last));
	TRY(browse_readme(c, b, &m->rev, &list, &readme));
	p.readme = readme;
	if (!m->path.len)
		TRY(browse_languages(c, b, &m->rev, &shares));
	top_begin(c, m, TAB_FILES, &p.top);
	if (m->path.len)
		p.top.page.title = title_of(c, m, m->path);
	view_tree(m->out, &p);
	return OK;
}

static enum err fill_text(
	struct ctx *c, struct making *m, const struct file *file, struct page_blob *p)
{
	p->lines = browse_line_count(file->bytes);
	p->source = file->form == FORM_MARKUP || query_of(c, m, "source").len;
	if (!p->source && file->form == FORM_NOTEBOOK)
		return browse_notebook(c, &m->k->browse, &m->rev, file, &p->notebook);
	if (!p->source && file->form == FORM_TABLE)
		return browse_records(c, file, &p->records);
	return OK;
}

static enum err show_blob(struct ctx *c, struct making *m)
{
	struct browse *b = &m->k->browse;
	struct file file;
	struct page_blob p = {.file = &file};
	TRY(browse_file(c, b, &m->rev, m->path, &file));
	if (file.kind == FILE_TEXT)
		TRY(fill_text(c, m, &file, &p));
	TRY(browse_last_change(c, b, &m->rev.commit, m->path, &p.last));
	top_begin(c, m, TAB_FILES, &p.top);
	p.top.page.title = title_of(c, m, m->path);
	view_blob(m->out, &p);
	return OK;
}

/* A folder by the address of a file, and the other way round, is where it is. */
static enum err show_entry(struct ctx *c, struct making *m, bool as_tree, int *status)
{
	enum entry_kind kind;
	TRY(browse_kind(c, &m->k->browse, &m->rev, m->path, &kind));
	*status = FOUND;
	if ((kind == ENTRY_TREE) == as_tree)
		return as_tree ? show_tree(c, m) : show_blob(c, m);
	*status = lead(m, as_tree ? "blob" : "tree");
	return OK;
}

static void add_part(struct buf *to, const char *name, struct str value)
{
	if (!value.len)
		return;
	buf_fmt(to, "%s%s=", to->len ? "&amp;" : "", name);
	uri_encode(to, value);
}

static enum err show_commits(struct ctx *c, struct making *m)
{
	struct commit_log log = {0};
	struct buf older = {.arena = c->arena};
	struct page_commits p = {.path = m->path,
		.text = query_of(c, m, "q"),
		.author = query_of(c, m, "author"),
		.log = &log};
	struct log_query query = {.from = m->rev.commit,
		.path = m->path,
		.limit = LOG_PER_PAGE,
		.after = query_of(c, m, "after"),
		.author = p.author,
		.text = p.text,
		.graph = !m->path.len && !p.author.len && !p.text.len};
	TRY(browse_log(c, &m->k->browse, &query, &log));
	p.first = !query.after.len;
	if (log.next.len) {
		add_part(&older, "q", p.text);
		add_part(&older, "author", p.author);
		add_part(&older, "after", log.next);
	}
	p.older = buf_view(&older);
	top_begin(c, m, TAB_COMMITS, &p.top);
	p.top.page.title = title_of(c, m, STR("Commits"));
	view_commits(m->out, &p);
	return OK;
}

/* Where the copy's history ends, what a commit changed is not known. */
static enum err find_diff(struct ctx *c, struct making *m, const struct commit_full *commit,
	const struct diff_look *look, struct page_commit *p)
{
	struct diff *diff = NEW(c->arena, struct diff);
	struct diff_limits limits = look->wish.only.len ? DIFF_LIMITS_FILE : DIFF_LIMITS_PAGE;
	bool here = true;
	limits.wish = look->wish;
	p->diff = diff;
	if (commit->parent_count)
		TRY(odb_has(c, &m->k->browse.reader, &commit->parents[0], &here));
	if (here)
		return browse_diff(c, &m->k->browse, commit, &limits, diff);
	p->top.page.error =
		STR("This copy's history ends at this commit: what it changed is not in it.");
	return OK;
}

static enum err show_commit(struct ctx *c, struct making *m)
{
	struct commit_full commit;
	struct diff_look look;
	struct page_commit p = {.commit = &commit, .look = &look};
	view_look_read(c->arena, m->ask->query, &look);
	TRY(browse_commit(c, &m->k->browse, &m->rev.commit, &commit));
	top_begin(c, m, TAB_COMMITS, &p.top);
	TRY(find_diff(c, m, &commit, &look, &p));
	p.top.page.title = title_of(c, m, str_until(commit.subject, 150));
	view_commit(m->out, &p);
	return OK;
}

static enum err show(struct ctx *c, struct making *m, int *status)
{
	struct str rest;
	if (!uri_decode(c->arena, str_from_index(m->ask->path, 1), false, &rest))
		return fail(c, ERR_NOT_FOUND, "the path has a bad %%-escape");
	if (!str_eq(str_cut(&rest, '/'), m->k->browse.repo.name))
		return fail(c, ERR_NOT_FOUND, "it is another repository's");
	struct str verb = str_cut(&rest, '/');
	*status = FOUND;
	TRY(resolve(c, m, rest.len ? rest : m->k->tip.text));
	if (!verb.len)
		return show_tree(c, m);
	if (str_is(verb, "tree") || str_is(verb, "blob"))
		return show_entry(c, m, str_is(verb, "tree"), status);
	if (str_is(verb, "commits"))
		return show_commits(c, m);
	if (str_is(verb, "commit") && !m->path.len)
		return show_commit(c, m);
	return fail(c, ERR_NOT_FOUND, "it has files, commits and what they changed");
}

int kept_page(struct ctx *c, struct kept *k, const struct kept_ask *ask, struct buf *out)
{
	struct making m = {.k = k, .ask = ask, .out = out};
	int status = FOUND;
	enum err err = show(c, &m, &status);
	if (!err)
		return status;
	struct page_not_kept p = {.name = k->browse.repo.name};
	out->len = 0;
	p.why = str_of(arena_strdup(c->arena, c->error.text));
	page_begin(c, &m, STR("Not in the offline copy"), &p.page);
	view_not_kept(out, &p);
	return MISSING;
}
