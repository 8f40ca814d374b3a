// A component that has never heard of changeling, and can do more than the first one.

export { words } from "./words-v1.js";

export const letters = {
  initials: (text) => text.split(/\s+/).filter((word) => word !== "").map((word) => [...word][0]),
};
