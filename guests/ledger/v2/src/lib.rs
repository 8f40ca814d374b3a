//! A ledger whose accounts may be overdrawn. It takes over the books of the first one if they balance, and gives them
//! back as long as nobody is below zero.

use std::collections::BTreeMap;

use accounts::Refusal;
use changeling_guest::prelude::*;

guest!(Ledger);

#[state(version = 2, from = v1::Ledger, down)]
#[derive(Debug, Default)]
struct Ledger {
    accounts: BTreeMap<String, Account>,
    deposited: i64,
}

#[part]
#[derive(Debug, Default)]
struct Account {
    balance: i64,
    overdraft: i64,
    transfers: u64,
}

mod v1 {
    use std::collections::BTreeMap;

    use changeling_guest::prelude::*;

    #[state(version = 1)]
    #[derive(Debug)]
    pub struct Ledger {
        pub accounts: BTreeMap<String, i64>,
        pub deposited: i64,
    }
}

impl TryFrom<v1::Ledger> for Ledger {
    type Error = String;

    fn try_from(old: v1::Ledger) -> Result<Self, String> {
        let account = |(name, balance)| (name, Account { balance, ..Account::default() });
        let ledger = Self { accounts: old.accounts.into_iter().map(account).collect(), deposited: old.deposited };
        ledger.check()?;
        Ok(ledger)
    }
}

impl TryFrom<Ledger> for v1::Ledger {
    type Error = String;

    fn try_from(new: Ledger) -> Result<Self, String> {
        if let Some((name, _)) = new.accounts.iter().find(|(_, account)| account.balance < 0) {
            return Err(format!("{name} is overdrawn, and version 1 knows no overdraft"));
        }
        let balance = |(name, account): (String, Account)| (name, account.balance);
        Ok(Self { accounts: new.accounts.into_iter().map(balance).collect(), deposited: new.deposited })
    }
}

impl Ledger {
    fn account(&mut self, name: &str) -> Result<&mut Account, Refusal> {
        self.accounts.get_mut(name).ok_or_else(|| Refusal::NoSuchAccount(name.to_owned()))
    }

    fn look(&self, name: String) -> Result<&Account, Refusal> {
        self.accounts.get(&name).ok_or(Refusal::NoSuchAccount(name))
    }
}

#[actor]
impl accounts::Guest for Ledger {
    fn open(&mut self, account: String, deposit: i64) -> Result<(), Refusal> {
        let deposited = self.deposited.checked_add(deposit).filter(|_| deposit >= 0);
        let deposited = deposited.ok_or(Refusal::BadAmount(deposit))?;
        if self.accounts.contains_key(&account) {
            return Err(Refusal::AccountExists(account));
        }
        self.accounts.insert(account, Account { balance: deposit, ..Account::default() });
        self.deposited = deposited;
        Ok(())
    }

    fn transfer(&mut self, payer: String, payee: String, amount: i64) -> Result<i64, Refusal> {
        let (from, to) = (self.look(payer.clone())?, self.look(payee.clone())?);
        if amount <= 0 {
            return Err(Refusal::BadAmount(amount));
        }
        let to_give = from.balance.saturating_add(from.overdraft);
        if to_give < amount {
            return Err(Refusal::InsufficientFunds(to_give));
        }
        if payer == payee {
            return Ok(from.balance);
        }
        let received = to.balance.checked_add(amount).ok_or(Refusal::BadAmount(amount))?;
        let payee = self.account(&payee)?;
        payee.balance = received;
        payee.transfers += 1;
        let payer = self.account(&payer)?;
        payer.balance -= amount;
        payer.transfers += 1;
        Ok(payer.balance)
    }

    fn balance(&self, account: String) -> Result<i64, Refusal> {
        self.look(account).map(|account| account.balance)
    }

    fn set_overdraft(&mut self, account: String, limit: i64) -> Result<(), Refusal> {
        let account = self.account(&account)?;
        if limit < 0 {
            return Err(Refusal::BadAmount(limit));
        }
        account.overdraft = limit;
        Ok(())
    }

    fn transfers(&self, account: String) -> Result<u64, Refusal> {
        self.look(account).map(|account| account.transfers)
    }

    fn total(&self) -> i64 {
        // What is above zero may be more than fits, before what is below is taken off.
        self.accounts.values().map(|account| account.balance).fold(0, i64::wrapping_add)
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
    use changeling_guest::testing::try_code_change;

    use super::*;

    fn old(deposited: i64) -> v1::Ledger {
        v1::Ledger { accounts: BTreeMap::from([("alice".into(), 70), ("bob".into(), 30)]), deposited }
    }

    #[test]
    fn takes_over_books_that_balance() {
        let mut ledger: Ledger = code_change(old(100));
        assert_eq!(ledger.set_overdraft("bob".into(), 50), Ok(()));
        assert_eq!(ledger.transfer("bob".into(), "alice".into(), 60), Ok(-30));
        assert_eq!(ledger.transfers("bob".into()), Ok(1));
        assert_eq!(ledger.check(), Ok(()));
    }

    #[test]
    fn refuses_books_that_do_not() {
        let why = try_code_change::<_, Ledger>(&old(101)).unwrap_err();
        assert_eq!(why, "the books do not balance: 100 on accounts, 101 deposited");
    }

    #[test]
    fn gives_back_what_the_first_one_can_hold() {
        let mut ledger: Ledger = code_change(old(100));
        let back: v1::Ledger = try_code_change(&ledger).unwrap();
        assert_eq!(back.accounts["bob"], 30);
        ledger.set_overdraft("bob".into(), 50).unwrap();
        ledger.transfer("bob".into(), "alice".into(), 31).unwrap();
        let why = try_code_change::<_, v1::Ledger>(&ledger).unwrap_err();
        assert_eq!(why, "bob is overdrawn, and version 1 knows no overdraft");
    }
}
