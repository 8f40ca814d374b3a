"""A component that has never heard of changeling, and can do more than the first one."""

from words_v1 import Words as Words


class Letters:
    def initials(self, text: str) -> list[str]:
        return [word[0] for word in text.split()]
