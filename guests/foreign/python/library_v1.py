"""A library that keeps books. Saved: a line for each, its year, title and authors with tabs between."""

from componentize_py_types import Err
from wit_world.exports import shelf, state

BOOKS: list[shelf.Book] = []
SHAPE = state.Shape(1, "lines: year, title, authors...")


class Shelf:
    def add(self, book: shelf.Book) -> int:
        if any(letter < " " for text in [book.title, *book.authors] for letter in text):
            raise Err("a title or a name has control characters")
        BOOKS.append(book)
        return len(BOOKS)

    def by(self, author: str) -> list[shelf.Book]:
        return [book for book in BOOKS if author in book.authors]


class State:
    def shapes(self) -> state.ShapeSet:
        return state.ShapeSet(current=SHAPE, reads=[SHAPE], writes=[SHAPE])

    def save(self, version: int) -> bytes:
        return "".join("\t".join([str(book.year), book.title, *book.authors]) + "\n" for book in BOOKS).encode()

    def code_change(self, change, state: bytes) -> None:
        for line in state.decode().split("\n")[:-1]:
            year, title, *authors = line.split("\t")
            BOOKS.append(shelf.Book(title, authors, int(year)))


class Lifecycle:
    def init(self, start) -> None:
        print(f"{start.address} opens")

    def terminate(self, reason) -> None:
        print(f"closes with {len(BOOKS)} books")
