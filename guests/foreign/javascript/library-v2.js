// A library that also lends its books. It takes over from the first one, and can go back. Saved: as the first one does,
// with the number of loans before the title.

import * as log from "changeling:actor/log@0.1.0";

const books = [];
// By title.
const loans = new Map();
const first = { version: 1, structure: "lines: year, title, authors..." };
const second = { version: 2, structure: "lines: year, loans, title, authors..." };

// Not every engine has a TextEncoder.
const toBytes = (text) => Uint8Array.from(unescape(encodeURIComponent(text)), (byte) => byte.charCodeAt(0));
const toText = (bytes) => decodeURIComponent(escape(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")));

const isPlain = (text) => [...text].every((letter) => letter >= " ");

function put(book, times) {
  if (loans.has(book.title)) throw `there are two of ${book.title}`;
  loans.set(book.title, times);
  return books.push(book);
}

export const shelf = {
  add(book) {
    if (![book.title, ...book.authors].every(isPlain)) throw "a title or a name has control characters";
    return put(book, 0);
  },
  by: (author) => books.filter((book) => book.authors.includes(author)),
};

export const desk = {
  lend(title) {
    if (!loans.has(title)) throw `there is no ${title}`;
    loans.set(title, loans.get(title) + 1);
    log.write("info", "desk", "lent", [["title", title]]);
    return loans.get(title);
  },
};

export const state = {
  shapes: () => ({ current: second, reads: [second, first], writes: [second, first] }),
  save(version) {
    const line = ({ year, title, authors }) => {
      const times = version === 1 ? [] : [loans.get(title)];
      return [year, ...times, title, ...authors].join("\t") + "\n";
    };
    return toBytes(books.map(line).join(""));
  },
  codeChange(change, state) {
    const lines = toText(state).split("\n").slice(0, -1);
    for (const line of lines) {
      const [year, ...fields] = line.split("\t");
      const times = change.oldVersion === 1 ? 0 : Number(fields.shift());
      const [title, ...authors] = fields;
      put({ title, authors, year: Number(year) }, times);
    }
  },
};

export const lifecycle = {
  init: (start) => log.write("info", "library", `${start.address} opens`, []),
  terminate: (reason) => log.write("info", "library", `closes with ${books.length} books`, []),
};
