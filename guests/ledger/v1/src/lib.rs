//! A ledger: accounts and transfers, and books that balance.

use std::collections::BTreeMap;

use accounts::Refusal;
use changeling_guest::prelude::*;

guest!(Ledger);

#[state(version = 1)]
#[derive(Debug, Default)]
struct Ledger {
    accounts: BTreeMap<String, i64>,
    deposited: i64,
}

#[actor]
impl accounts::Guest for Ledger {
    fn open(&mut self, account: String, deposit: i64) -> Result<(), Refusal> {
        let deposited = self.deposited.checked_add(deposit).filter(|_| deposit >= 0);
        let deposited = deposited.ok_or(Refusal::BadAmount(deposit))?;
        if self.accounts.contains_key(&account) {
            return Err(Refusal::AccountExists(account));
        }
        self.accounts.insert(account, deposit);
        self.deposited = deposited;
        Ok(())
    }

    fn transfer(&mut self, payer: String, payee: String, amount: i64) -> Result<i64, Refusal> {
        let (from, to) = (self.balance(payer.clone())?, self.balance(payee.clone())?);
        if amount <= 0 {
            return Err(Refusal::BadAmount(amount));
        }
        if from < amount {
            return Err(Refusal::InsufficientFunds(from));
        }
        if payer == payee {
            return Ok(from);
        }
        // No sum overflows: all accounts together hold `deposited`.
        self.accounts.insert(payer, from - amount);
        self.accounts.insert(payee, to + amount);
        Ok(from - amount)
    }

    fn balance(&self, account: String) -> Result<i64, Refusal> {
        self.accounts.get(&account).copied().ok_or(Refusal::NoSuchAccount(account))
    }

    fn total(&self) -> i64 {
        self.accounts.values().sum()
    }
}

#[actor]
impl Health for Ledger {
    fn check(&self) -> Result<(), String> {
        match self.total() {
            held if held == self.deposited => Ok(()),
            held => Err(format!("the books do not balance: {held} on accounts, {} deposited", self.deposited)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> Ledger {
        let mut ledger = Ledger::default();
        ledger.open("alice".into(), 100).unwrap();
        ledger.open("bob".into(), 0).unwrap();
        ledger
    }

    #[test]
    fn moves_money_and_makes_none() {
        let mut ledger = ledger();
        assert_eq!(ledger.transfer("alice".into(), "bob".into(), 30), Ok(70));
        assert_eq!(ledger.transfer("bob".into(), "bob".into(), 30), Ok(30));
        assert_eq!(ledger.balance("bob".into()), Ok(30));
        assert_eq!(ledger.total(), 100);
        assert_eq!(ledger.check(), Ok(()));
    }

    #[test]
    fn says_why_not() {
        let mut ledger = ledger();
        assert_eq!(ledger.transfer("bob".into(), "alice".into(), 1), Err(Refusal::InsufficientFunds(0)));
        assert_eq!(ledger.transfer("alice".into(), "bob".into(), -1), Err(Refusal::BadAmount(-1)));
        assert_eq!(ledger.balance("carol".into()), Err(Refusal::NoSuchAccount("carol".into())));
        assert_eq!(ledger.open("bob".into(), 1), Err(Refusal::AccountExists("bob".into())));
        assert_eq!(ledger.open("carol".into(), i64::MAX), Err(Refusal::BadAmount(i64::MAX)));
        assert_eq!(ledger.check(), Ok(()));
    }
}
