"""A library that also lends its books. It takes over from the first one, and can go back. Saved: as the first one does,
with the number of loans before the title."""

from componentize_py_types import Err
from wit_world.exports import shelf, state
from wit_world.imports import log

BOOKS: list[shelf.Book] = []
# By title.
LOANS: dict[str, int] = {}
FIRST = state.Shape(1, "lines: year, title, authors...")
SHAPE = state.Shape(2, "lines: year, loans, title, authors...")


def put(book: shelf.Book, loans: int) -> None:
    if book.title in LOANS:
        raise Err(f"there are two of {book.title}")
    BOOKS.append(book)
    LOANS[book.title] = loans


class Shelf:
    def add(self, book: shelf.Book) -> int:
        if any(letter < " " for text in [book.title, *book.authors] for letter in text):
            raise Err("a title or a name has control characters")
        put(book, 0)
        return len(BOOKS)

    def by(self, author: str) -> list[shelf.Book]:
        return [book for book in BOOKS if author in book.authors]


class Desk:
    def lend(self, title: str) -> int:
        if title not in LOANS:
            raise Err(f"there is no {title}")
        LOANS[title] += 1
        log.write(log.Level.INFO, "desk", "lent", [("title", title)])
        return LOANS[title]


class State:
    def shapes(self) -> state.ShapeSet:
        return state.ShapeSet(current=SHAPE, reads=[SHAPE, FIRST], writes=[SHAPE, FIRST])

    def save(self, version: int) -> bytes:
        def line(book: shelf.Book) -> str:
            loans = [] if version == 1 else [str(LOANS[book.title])]
            return "\t".join([str(book.year), *loans, book.title, *book.authors]) + "\n"

        return "".join(map(line, BOOKS)).encode()

    def code_change(self, change: state.Change, state: bytes) -> None:
        for line in state.decode().split("\n")[:-1]:
            year, *fields = line.split("\t")
            loans = 0 if change.old_version == 1 else int(fields.pop(0))
            title, *authors = fields
            put(shelf.Book(title, authors, int(year)), loans)


class Lifecycle:
    def init(self, start) -> None:
        print(f"{start.address} opens")

    def terminate(self, reason) -> None:
        print(f"closes with {len(BOOKS)} books")
