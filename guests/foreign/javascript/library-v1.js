// A library that keeps books. Saved: a line for each, its year, title and authors with tabs between.

import * as log from "changeling:actor/log@0.1.0";

const books = [];
const first = { version: 1, structure: "lines: year, title, authors..." };

// Not every engine has a TextEncoder.
const toBytes = (text) => Uint8Array.from(unescape(encodeURIComponent(text)), (byte) => byte.charCodeAt(0));
const toText = (bytes) => decodeURIComponent(escape(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")));

const isPlain = (text) => [...text].every((letter) => letter >= " ");

export const shelf = {
  add(book) {
    if (![book.title, ...book.authors].every(isPlain)) throw "a title or a name has control characters";
    return books.push(book);
  },
  by: (author) => books.filter((book) => book.authors.includes(author)),
};

export const state = {
  shapes: () => ({ current: first, reads: [first], writes: [first] }),
  save(version) {
    const lines = books.map(({ year, title, authors }) => [year, title, ...authors].join("\t") + "\n");
    return toBytes(lines.join(""));
  },
  codeChange(change, state) {
    const lines = toText(state).split("\n").slice(0, -1);
    for (const line of lines) {
      const [year, title, ...authors] = line.split("\t");
      books.push({ title, authors, year: Number(year) });
    }
  },
};

export const lifecycle = {
  init: (start) => log.write("info", "library", `${start.address} opens`, []),
  terminate: (reason) => log.write("info", "library", `closes with ${books.length} books`, []),
};
