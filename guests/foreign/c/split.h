// A text in words. Nothing here asks the system for more than memory, so these components import nothing at all.

#include <stdlib.h>
#include <string.h>

#include "words.h"

static bool is_space(uint8_t byte) {
  return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

// The next word of a text, which is then the rest; one of length 0 where there is none.
static words_string_t next_word(words_string_t *text) {
  while (text->len > 0 && is_space(*text->ptr)) text->ptr++, text->len--;
  words_string_t word = {text->ptr, 0};
  while (text->len > 0 && !is_space(*text->ptr)) text->ptr++, text->len--, word.len++;
  return word;
}

static size_t letters(words_string_t word) {
  size_t count = 0;
  for (size_t i = 0; i < word.len; i++) count += (word.ptr[i] & 0xc0) != 0x80;
  return count;
}

uint32_t exports_demo_words_words_count(words_string_t *text) {
  uint32_t count = 0;
  for (words_string_t rest = *text; next_word(&rest).len > 0;) count++;
  words_string_free(text);
  return count;
}

bool exports_demo_words_words_longest(words_string_t *text, words_string_t *ret) {
  words_string_t best = {NULL, 0}, rest = *text;
  for (words_string_t word; (word = next_word(&rest)).len > 0;)
    if (letters(word) > letters(best)) best = word;
  if (best.len > 0) words_string_dup_n(ret, (char *)best.ptr, best.len);
  words_string_free(text);
  return best.len > 0;
}
