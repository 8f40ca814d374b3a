//! Words of a guest, for people: as many as people read. They stand in answers, receipts and the log of events, and a
//! guest shall fill none of these.

/// The longest, in bytes.
pub const MAX_WORDS: usize = 4 << 10;

/// As much of it as may be; `…` stands for the rest.
pub fn cut(mut text: String) -> String {
    if text.len() > MAX_WORDS {
        text.truncate(text.floor_char_boundary(MAX_WORDS));
        text.push('…');
        text.shrink_to_fit();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_is_cut_between_two_characters() {
        assert_eq!(cut("né".repeat(MAX_WORDS / 3)), "né".repeat(MAX_WORDS / 3));
        let long = cut("é".repeat(MAX_WORDS));
        assert_eq!(long, format!("{}…", "é".repeat(MAX_WORDS / 2)));
        assert_eq!(cut("漢".repeat(MAX_WORDS)).len(), MAX_WORDS / 3 * 3 + '…'.len_utf8());
    }
}
