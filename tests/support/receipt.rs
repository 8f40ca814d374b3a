//! A receipt, as its readers see it.

use serde_json::Value;

/// One receipt, as JSON.
#[derive(Debug, Clone)]
pub struct Receipt(pub Value);

impl Receipt {
    /// `settled`, `refused` …
    pub fn outcome(&self) -> &str {
        self.0["outcome"].as_str().unwrap_or_default()
    }

    /// Its number.
    pub fn id(&self) -> u64 {
        self.0["id"].as_u64().unwrap_or_default()
    }

    /// How many actors went that way.
    pub fn actors(&self, which: &str) -> u64 {
        self.0["actors"][which].as_u64().unwrap_or_else(|| panic!("no count of {which} in {}", self.0))
    }

    /// It settled: everything went over.
    #[track_caller]
    pub fn settled(self) -> Self {
        assert_eq!(self.outcome(), "settled", "{}", self.0);
        self
    }

    /// It was refused, and says all of these.
    #[track_caller]
    pub fn refused_with(self, words: &[&str]) -> Self {
        assert_eq!(self.outcome(), "refused", "{}", self.0);
        for word in words {
            assert!(self.0.to_string().contains(word), "the receipt does not say `{word}`: {}", self.0);
        }
        self
    }
}
