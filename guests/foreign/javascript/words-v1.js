// A component that has never heard of changeling.

const split = (text) => text.split(/\s+/).filter((word) => word !== "");
const letters = (word) => [...word].length;

export const words = {
  count: (text) => split(text).length,
  longest: (text) =>
    split(text).reduce((best, word) => (best !== null && letters(best) >= letters(word) ? best : word), null),
};
