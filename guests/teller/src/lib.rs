//! An actor that calls another: it imports the ledger's interface, and the host finds who exports it.

use changeling_guest::prelude::*;

guest!(Teller);

#[state(version = 1)]
#[derive(Default)]
struct Teller {
    enrolled: u64,
}

const FEE: i64 = 1;

#[actor]
impl window::Guest for Teller {
    fn enrol(&mut self, customer: String, deposit: i64) -> Result<i64, String> {
        accounts::open(&customer, deposit).map_err(|why| format!("{customer} cannot be enrolled: {why}"))?;
        let left =
            accounts::transfer(&customer, "bank", FEE).map_err(|why| format!("{customer} owes the fee: {why}"))?;
        self.enrolled += 1;
        Ok(left)
    }

    fn enrolled(&self) -> u64 {
        self.enrolled
    }
}

#[cfg(test)]
mod tests {
    use accounts::Refusal;

    use super::*;

    #[test]
    fn takes_the_fee() {
        accounts::mock::open(|_, _| Ok(()));
        accounts::mock::transfer(|payer, payee, amount| {
            assert_eq!((payer, payee, amount), ("alice", "bank", FEE));
            Ok(99)
        });
        let mut teller = Teller::default();
        assert_eq!(teller.enrol("alice".into(), 100), Ok(99));
        assert_eq!(teller.enrolled(), 1);
    }

    #[test]
    fn says_who_owes() {
        accounts::mock::open(|_, _| Ok(()));
        accounts::mock::transfer(|_, _, _| Err(Refusal::InsufficientFunds(0)));
        let mut teller = Teller::default();
        assert!(teller.enrol("alice".into(), 0).unwrap_err().starts_with("alice owes the fee"));
        assert_eq!(teller.enrolled(), 0);
    }

    #[test]
    #[should_panic(expected = "in a native test say accounts::mock::open(|..| ..) first")]
    fn needs_a_ledger() {
        let _ = Teller::default().enrol("alice".into(), 100);
    }
}
