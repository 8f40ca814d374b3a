//! An actor: it keeps a total, over every change of its code.

use changeling_guest::prelude::*;

guest!(__Name__);

/// What it keeps.
#[state(version = 1)]
#[derive(Default)]
struct __Name__ {
    total: u64,
}

#[actor]
impl __module__::Guest for __Name__ {
    fn increment(&mut self, by: u64) -> u64 {
        self.total += by;
        self.total
    }

    fn get(&self) -> u64 {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts() {
        let mut it = __Name__::default();
        assert_eq!(it.increment(2), 2);
        assert_eq!(it.increment(3), 5);
        assert_eq!(it.get(), 5);
    }

    #[test]
    fn its_total_goes_over_to_newer_code() {
        let mut old = __Name__::default();
        old.increment(7);
        let mut new: __Name__ = code_change(old);
        assert_eq!(new.increment(1), 8);
    }
}
