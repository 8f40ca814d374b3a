// A library that also lends its books. It takes over from the first one, and can go back. Saved: as the first one does,
// with the number of loans before the title.

#include "shelf.h"

// Of the book at the same place.
static uint32_t *loans;

static book_t *find(library_string_t title) {
  for (book_t *book = books; book < books + count; book++)
    if (equal(book->title, title)) return book;
  return NULL;
}

static bool say(library_string_t *err, const char *what, library_string_t title) {
  char *words;
  asprintf(&words, "%s %.*s", what, (int)title.len, (char *)title.ptr);
  library_string_dup(err, words);
  free(words);
  return false;
}

static bool put_new(book_t book, uint32_t times, library_string_t *err) {
  if (find(book.title)) return say(err, "there are two of", book.title);
  loans = realloc(loans, (count + 1) * sizeof *loans);
  loans[count] = times;
  put(book);
  return true;
}

bool exports_demo_library_shelf_add(book_t *book, uint32_t *ret, library_string_t *err) {
  bool plain = is_plain_book(book);
  if (!plain) library_string_dup(err, "a title or a name has control characters");
  if (!plain || !put_new(*book, 0, err)) {
    exports_demo_library_shelf_book_free(book);
    return false;
  }
  *ret = count;
  return true;
}

bool exports_demo_library_desk_lend(library_string_t *title, uint32_t *ret, library_string_t *err) {
  const book_t *book = find(*title);
  if (book) {
    library_tuple2_string_string_t field = {.f1 = *title};
    library_string_t target, message;
    library_string_set(&field.f0, "title");
    library_string_set(&target, "desk");
    library_string_set(&message, "lent");
    library_list_tuple2_string_string_t fields = {&field, 1};
    changeling_actor_log_write(CHANGELING_ACTOR_LOG_LEVEL_INFO, &target, &message, &fields);
    *ret = ++loans[book - books];
  } else {
    say(err, "there is no", *title);
  }
  library_string_free(title);
  return book != NULL;
}

static exports_changeling_actor_state_shape_t shape(uint32_t version) {
  exports_changeling_actor_state_shape_t shape = {.version = version};
  library_string_dup(&shape.structure,
                     version == 1 ? "lines: year, title, authors..." : "lines: year, loans, title, authors...");
  return shape;
}

static exports_changeling_actor_state_list_shape_t both(void) {
  exports_changeling_actor_state_shape_t *shapes = malloc(2 * sizeof *shapes);
  shapes[0] = shape(2);
  shapes[1] = shape(1);
  return (exports_changeling_actor_state_list_shape_t){shapes, 2};
}

void exports_changeling_actor_state_shapes(exports_changeling_actor_state_shape_set_t *ret) {
  *ret = (exports_changeling_actor_state_shape_set_t){shape(2), both(), both()};
}

bool exports_changeling_actor_state_save(uint32_t version, library_list_u8_t *ret, library_string_t *err) {
  FILE *out = open_memstream((char **)&ret->ptr, &ret->len);
  for (size_t i = 0; i < count; i++) {
    fprintf(out, "%u", books[i].year);
    if (version == 2) fprintf(out, "\t%u", loans[i]);
    write_names(out, &books[i]);
  }
  fclose(out);
  return true;
}

bool exports_changeling_actor_state_code_change(exports_changeling_actor_state_change_t *change,
                                                library_list_u8_t *state, library_string_t *err) {
  char *text = strndup((char *)state->ptr, state->len), *rest = text;
  for (char *line; (line = strsep(&rest, "\n")) != NULL && rest != NULL;) {
    book_t book;
    uint32_t times = 0;
    book.year = strtoul(line, &line, 10);
    if (change->old_version == 2 && *line == '\t') times = strtoul(line + 1, &line, 10);
    if (*line++ != '\t' || !read_names(line, &book)) {
      library_string_dup(err, "a line is no book");
      return false;
    }
    if (!put_new(book, times, err)) return false;
  }
  free(text);
  library_list_u8_free(state);
  exports_changeling_actor_state_change_free(change);
  return true;
}
