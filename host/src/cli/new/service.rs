//! A service: its functions keep nothing, and run side by side.

use changeling_guest::prelude::*;

guest!(service __Name__);

struct __Name__;

impl __module__::Guest for __Name__ {
    fn greet(name: String) -> String {
        format!("Hello, {name}!")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_greets() {
        let greeting = <__Name__ as __module__::Guest>::greet("Ada".to_owned());
        assert_eq!(greeting, "Hello, Ada!");
    }
}
