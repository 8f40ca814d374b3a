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

    /// It ended so.
    #[track_caller]
    pub fn ended(self, outcome: &str) -> Self {
        assert_eq!(self.outcome(), outcome, "{}", self.0);
        self
    }

    /// The one refusal that it names: whose, in which act, in which words.
    #[track_caller]
    pub fn refusal(&self) -> (Option<&str>, &str, &str) {
        let refusals = self.0["refusals"].as_array().map_or(&[][..], Vec::as_slice);
        let [one] = refusals else { panic!("not one refusal: {}", self.0) };
        (one["address"].as_str(), one["step"].as_str().unwrap_or_default(), one["words"].as_str().unwrap_or_default())
    }

    /// It says this.
    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        assert!(self.0.to_string().contains(words), "the receipt does not say `{words}`: {}", self.0);
        self
    }

    /// It settled: everything went over.
    #[track_caller]
    pub fn settled(self) -> Self {
        self.ended("settled")
    }

    /// It was refused, and says all of these.
    #[track_caller]
    pub fn refused_with(self, words: &[&str]) -> Self {
        words.iter().fold(self.ended("refused"), |receipt, word| receipt.says(word))
    }
}
