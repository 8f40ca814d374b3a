// A library that keeps books. Saved: a line for each, its year, title and authors with tabs between.

#include "shelf.h"

bool exports_demo_library_shelf_add(book_t *book, uint32_t *ret, library_string_t *err) {
  if (!is_plain_book(book)) {
    exports_demo_library_shelf_book_free(book);
    library_string_dup(err, "a title or a name has control characters");
    return false;
  }
  put(*book);
  *ret = count;
  return true;
}

static exports_changeling_actor_state_list_shape_t one_shape(void) {
  exports_changeling_actor_state_shape_t *shape = malloc(sizeof *shape);
  shape->version = 1;
  library_string_dup(&shape->structure, "lines: year, title, authors...");
  return (exports_changeling_actor_state_list_shape_t){shape, 1};
}

void exports_changeling_actor_state_shapes(exports_changeling_actor_state_shape_set_t *ret) {
  ret->reads = one_shape();
  ret->writes = one_shape();
  ret->current.version = 1;
  library_string_dup(&ret->current.structure, "lines: year, title, authors...");
}

bool exports_changeling_actor_state_save(uint32_t version, library_list_u8_t *ret, library_string_t *err) {
  FILE *out = open_memstream((char **)&ret->ptr, &ret->len);
  for (const book_t *book = books; book < books + count; book++) {
    fprintf(out, "%u", book->year);
    write_names(out, book);
  }
  fclose(out);
  return true;
}

bool exports_changeling_actor_state_code_change(exports_changeling_actor_state_change_t *change,
                                                library_list_u8_t *state, library_string_t *err) {
  char *text = strndup((char *)state->ptr, state->len), *rest = text;
  for (char *line; (line = strsep(&rest, "\n")) != NULL && rest != NULL;) {
    book_t book;
    book.year = strtoul(line, &line, 10);
    if (*line++ != '\t' || !read_names(line, &book)) {
      library_string_dup(err, "a line is no book");
      return false;
    }
    put(book);
  }
  free(text);
  library_list_u8_free(state);
  exports_changeling_actor_state_change_free(change);
  return true;
}
