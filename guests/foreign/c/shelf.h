// The shelf of both libraries. What the bindings hand over is ours to keep or to free; what we hand over they free.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "library.h"

typedef exports_demo_library_shelf_book_t book_t;

static book_t *books;
static size_t count;

static bool equal(library_string_t a, library_string_t b) {
  return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

static bool is_plain(library_string_t text) {
  for (size_t i = 0; i < text.len; i++)
    if (text.ptr[i] < ' ') return false;
  return true;
}

static bool is_plain_book(const book_t *book) {
  for (size_t i = 0; i < book->authors.len; i++)
    if (!is_plain(book->authors.ptr[i])) return false;
  return is_plain(book->title);
}

static library_string_t copy(library_string_t text) {
  library_string_t twin;
  library_string_dup_n(&twin, (const char *)text.ptr, text.len);
  return twin;
}

static void put(book_t book) {
  books = realloc(books, (count + 1) * sizeof *books);
  books[count++] = book;
}

// Writes what both versions say of a book behind its year.
static void write_names(FILE *out, const book_t *book) {
  fprintf(out, "\t%.*s", (int)book->title.len, (char *)book->title.ptr);
  for (size_t i = 0; i < book->authors.len; i++)
    fprintf(out, "\t%.*s", (int)book->authors.ptr[i].len, (char *)book->authors.ptr[i].ptr);
  fputc('\n', out);
}

// Reads it again; false where there is no title.
static bool read_names(char *rest, book_t *book) {
  const char *title = strsep(&rest, "\t");
  if (title == NULL) return false;
  library_string_dup(&book->title, title);
  book->authors = (library_list_string_t){NULL, 0};
  for (const char *author; (author = strsep(&rest, "\t")) != NULL; book->authors.len++) {
    book->authors.ptr = realloc(book->authors.ptr, (book->authors.len + 1) * sizeof *book->authors.ptr);
    library_string_dup(&book->authors.ptr[book->authors.len], author);
  }
  return true;
}

void exports_demo_library_shelf_by(library_string_t *author, exports_demo_library_shelf_list_book_t *ret) {
  *ret = (exports_demo_library_shelf_list_book_t){malloc((count + 1) * sizeof(book_t)), 0};
  for (const book_t *book = books; book < books + count; book++) {
    bool wrote = false;
    for (size_t i = 0; i < book->authors.len; i++) wrote |= equal(book->authors.ptr[i], *author);
    if (!wrote) continue;
    book_t *twin = &ret->ptr[ret->len++];
    *twin = (book_t){copy(book->title), {malloc(book->authors.len * sizeof(library_string_t)), 0}, book->year};
    while (twin->authors.len < book->authors.len) {
      twin->authors.ptr[twin->authors.len] = copy(book->authors.ptr[twin->authors.len]);
      twin->authors.len++;
    }
  }
  library_string_free(author);
}

bool exports_changeling_actor_lifecycle_init(exports_changeling_actor_lifecycle_start_t *start, library_string_t *err) {
  printf("%.*s opens\n", (int)start->address.len, (char *)start->address.ptr);
  exports_changeling_actor_lifecycle_start_free(start);
  return true;
}

void exports_changeling_actor_lifecycle_terminate(exports_changeling_actor_lifecycle_exit_reason_t *reason) {
  printf("closes with %zu books\n", count);
  changeling_actor_types_exit_reason_free(reason);
}
