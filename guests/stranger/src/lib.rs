//! A component that has never heard of changeling: a service.
#![expect(unsafe_code, reason = "the bindings are generated here")]

use exports::demo::stranger::words::Guest;

wit_bindgen::generate!("app");

struct Words;

impl Guest for Words {
    fn count(text: String) -> u32 {
        text.split_whitespace().count() as u32
    }

    fn longest(text: String) -> Option<String> {
        let words = text.split_whitespace().rev();
        words.max_by_key(|word| word.chars().count()).map(ToOwned::to_owned)
    }
}

export!(Words);
