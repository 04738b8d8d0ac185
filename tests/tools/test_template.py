"""tools/template.c: what it writes escapes, and what would not be safe does not compile."""

from harness import *

HEAD = "%% void view(struct buf *out, const struct x *p)\n"


def compile(text, check=True):
    folder = tmp("template")
    (folder / "page.tmpl").write_text(text)
    done = run([BUILD / "template", folder / "page.tmpl", folder / "page.c"], check=check)
    return done, (folder / "page.c").read_text() if (folder / "page.c").exists() else None


def made(body):
    return compile(HEAD + body)[1]


def refused(body, why, line=2):
    done, output = compile(HEAD + body, check=False)
    eq(done.code, 1, f"exit code for {body!r}")
    has(done.err, f"page.tmpl:{line}: error: ")
    has(done.err, why)
    eq(output, None, "no file is left behind")


def test_a_plain_expression_is_escaped():
    has(made("<p>{{ p->name }}</p>\n"), "html_text(out,  p->name );")


def test_words_choose_another_function():
    for word in ("int", "url", "path", "id", "short", "time", "size", "raw"):
        has(made(f"<p>{{{{{word} p->x}}}}</p>\n"), f"html_{word}(out,  p->x);")


def test_html_is_kept_but_for_indentation_and_line_ends_after_tags():
    has(made('\t<p>\n\t\ta "word"\n\t\t<b>\\x</b>\n</p>\n'), 'HTML("<p>a \\"word\\"\\n<b>\\\\x</b></p>");')


def test_lines_of_c_are_copied_and_bare_ones_dropped():
    text = made("% if (p) {\n%\n<p>x</p>\n% }\n")
    has(text, "\t if (p) {\n")
    has(text, '#line 2 "')


def test_includes_come_first():
    text = compile('%include "view/page.h"\n' + HEAD + "<p>x</p>\n")[1]
    has(text, '#include "view/page.h"\n')


def test_bytes_over_ascii_survive():
    has(made("<p>·</p>\n"), "\\302\\267")


def test_compiler_errors_point_at_the_template():
    has(made("<p>\n{{ p->x }}\n"), '#line 3 "')


def test_text_in_a_url_is_refused():
    for attribute in ("href", "src", "action", "formaction"):
        refused(f'<a {attribute}="/x/{{{{ p->name }}}}">\n', f"in {attribute} only")
    made('<a href="/x/{{url p->name}}" title="{{ p->name }}">x</a>\n')


def test_an_expression_outside_quotes_is_refused():
    refused("<a class={{ p->x }}>\n", "quoted attribute")
    refused("<a {{ p->x }}>\n", "quoted attribute")
    refused("<!-- {{ p->x }} -->\n", "quoted attribute")


def test_scripts_and_styles_are_refused():
    for tag in ("script", "style", "iframe", "object", "embed", "base"):
        refused(f"<{tag} x>\n", f"<{tag}>")
    refused('<p style="x">\n', "style attributes")
    refused('<p\nonclick="x">\n', "event attributes", line=3)


def test_unknown_words_and_open_braces_are_refused():
    refused("<p>{{word x}}</p>\n", "no such word")
    refused("<p>{{ x </p>\n", "without }}")
    refused('<p title="{{time x}}">\n', "not in an attribute")


def test_a_function_ends_where_text_is():
    refused('<p class="x\n', "ends inside a tag", line=3)
    done, _ = compile("<p>x</p>\n", check=False)
    has(done.err, "before the first function")


main()
