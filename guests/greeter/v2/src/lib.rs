//! The same service with warmer words, one function more, and a status.

use changeling_guest::prelude::*;
use greeter::{Language, Occasion, Person, Style};
use mirror::{Colour, Numbers, Rights, Shape};

guest!(service Greeter);

struct Greeter;

impl greeter::Guest for Greeter {
    fn greet(name: String) -> String {
        format!("Welcome, {name}!")
    }

    fn farewell(name: String) -> String {
        format!("Come again, {name}!")
    }

    fn greet_all(people: Vec<Person>, tongue: Language) -> Vec<String> {
        people.iter().map(|person| hello(tongue, &full_name(person))).collect()
    }

    fn congratulate(who: Person, on: Occasion, how: Style) -> Result<String, String> {
        let mut words = match on {
            Occasion::None => return Err(format!("there is nothing to congratulate {} on", who.name)),
            Occasion::Birthday(age) => format!("Happy birthday number {age}, {}", full_name(&who)),
            Occasion::Visit(from) => format!("How good of you to come from {from}, {}", full_name(&who)),
        };
        if how.contains(Style::POLITE) && !how.contains(Style::BRIEF) {
            words.push_str(", if I may say so");
        }
        words.push('!');
        Ok(if how.contains(Style::LOUD) { words.to_uppercase() } else { words })
    }

    fn find(name: String) -> Option<Person> {
        (name == "Ada").then(|| Person { name, titles: vec!["Countess".to_owned()], age: Some(36) })
    }

    fn work(rounds: u64) -> u64 {
        (0..rounds).fold(1, |sum: u64, round| sum.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(round))
    }

    fn echo(bytes: Vec<u8>) -> Vec<u8> {
        bytes
    }
}

#[actor]
impl Status for Greeter {
    fn view(&self) -> String {
        "{\"tongues\":[\"english\",\"german\",\"french\"]}".to_owned()
    }
}

fn full_name(person: &Person) -> String {
    person.titles.iter().chain([&person.name]).map(String::as_str).collect::<Vec<_>>().join(" ")
}

fn hello(language: Language, name: &str) -> String {
    match language {
        Language::English => format!("Welcome, {name}!"),
        Language::German => format!("Willkommen, {name}!"),
        Language::French => format!("Bienvenue, {name} !"),
    }
}

impl mirror::Guest for Greeter {
    fn echo_numbers(value: Numbers) -> Numbers {
        value
    }

    fn echo_text(one: char, many: String) -> (char, String) {
        (one, many)
    }

    fn echo_truth(value: bool) -> bool {
        value
    }

    fn echo_maybe(value: Option<Option<u32>>) -> Option<Option<u32>> {
        value
    }

    fn echo_outcome(value: Result<u32, String>) -> Result<u32, String> {
        value
    }

    fn echo_nothing(value: Result<(), ()>) -> Result<(), ()> {
        value
    }

    fn echo_shape(value: Shape) -> Shape {
        value
    }

    fn echo_colour(value: Colour) -> Colour {
        value
    }

    fn echo_rights(value: Rights) -> Rights {
        value
    }

    fn echo_nested(value: Vec<(String, Option<Vec<u8>>)>) -> Vec<(String, Option<Vec<u8>>)> {
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada() -> Person {
        Greeter::find("Ada".into()).unwrap()
    }

    #[test]
    fn greets() {
        assert_eq!(Greeter::greet("world".into()), "Welcome, world!");
        assert_eq!(Greeter::greet_all(vec![ada()], Language::French), ["Bienvenue, Countess Ada !"]);
        assert_eq!(Greeter::farewell("world".into()), "Come again, world!");
        assert_eq!(Greeter::find("Bob".into()), None);
    }

    #[test]
    fn congratulates() {
        let style = Style::LOUD | Style::POLITE;
        let words = Greeter::congratulate(ada(), Occasion::Birthday(36), style);
        assert_eq!(words.as_deref(), Ok("HAPPY BIRTHDAY NUMBER 36, COUNTESS ADA, IF I MAY SAY SO!"));
        assert!(Greeter::congratulate(ada(), Occasion::None, Style::empty()).is_err());
    }
}
