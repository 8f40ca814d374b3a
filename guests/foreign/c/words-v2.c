// A component that has never heard of changeling, and can do more than the first one.

#include "split.h"

static uint32_t first_letter(words_string_t word) {
  uint8_t lead = word.ptr[0];
  size_t more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  uint32_t letter = more == 0 ? lead : lead & (0x3f >> more);
  for (size_t i = 1; i <= more; i++) letter = letter << 6 | (word.ptr[i] & 0x3f);
  return letter;
}

void exports_demo_words_letters_initials(words_string_t *text, words_list_char32_t *ret) {
  *ret = (words_list_char32_t){malloc((text->len + 1) * sizeof(uint32_t)), 0};
  words_string_t rest = *text;
  for (words_string_t word; (word = next_word(&rest)).len > 0;) ret->ptr[ret->len++] = first_letter(word);
  words_string_free(text);
}
