"""
The tour of docs/pages.md: each page of src/web/routes.def has its picture there, and one can be taken of it now. With NIMBUS_SCREENSHOTS (./dev
screenshots) the pictures are kept in that folder.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from harness import *
from gallery import Instance, keep, pictures, take
from visiting import AWAY, NO_PAGES, routes

SCREENSHOTS = ROOT / "docs/screenshots"
ALL_BYTES = 2_500_000

_instance = None


def instance():
    global _instance
    _instance = _instance or Instance()
    return _instance


@timeout(900)
def test_a_picture_can_be_taken_of_each_page():
    folder, wanted = tmp("pictures"), os.environ.get("NIMBUS_SCREENSHOTS")
    eq(take(instance(), folder), [], "what is wrong with the pages")
    eq(sorted(p.stem for p in folder.glob("*.png")), sorted(p["name"] for p in pictures(instance().pages())), "the pictures")
    if wanted:
        keep(folder, Path(wanted))


def test_each_page_has_its_picture_in_the_tour():
    shown = set(re.findall(r"\]\(screenshots/([^)]+)\.webp\)", (ROOT / "docs/pages.md").read_text()))
    pages = {p for p in routes() if not p.startswith("/api/")} - NO_PAGES - AWAY
    pictured = {pattern for pattern, name, *_ in instance().pages() if name in shown}
    eq(sorted(pages - pictured), [], "pages without a picture in docs/pages.md (a row in tests/browser/gallery.py, then ./dev screenshots)")
    eq(sorted({p["name"] for p in pictures(instance().pages())} ^ shown), [], "pictures that only one of docs/pages.md and gallery.py names")


def test_the_pictures_of_the_tour_are_there_and_small():
    shown = set(re.findall(r"\]\(screenshots/([^)]+)\)", (ROOT / "docs/pages.md").read_text()))
    files = {path.name: path.stat().st_size for path in SCREENSHOTS.iterdir()}
    eq(sorted(shown ^ set(files)), [], "pictures that are only named, or only there")
    if sum(files.values()) > ALL_BYTES:
        fail(f"docs/screenshots has {sum(files.values())} bytes, more than {ALL_BYTES}")


if __name__ == "__main__":
    main()
