//! What stands natively in the place of other components: one function per import and thread.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

thread_local! {
    static MOCKS: RefCell<HashMap<&'static str, Rc<dyn Any>>> = RefCell::default();
}

/// From now on `function` (`demo:ledger/bank.deposit`) answers so.
pub fn set<F: 'static>(function: &'static str, answer: F) {
    MOCKS.with_borrow_mut(|mocks| mocks.insert(function, Rc::new(answer)));
}

/// What `function` answers; `setter` is what sets it.
#[track_caller]
pub fn get<F: 'static>(function: &'static str, setter: &str) -> Rc<F> {
    let Some(mock) = MOCKS.with_borrow(|mocks| mocks.get(function).cloned()) else {
        panic!("{function} belongs to another component: in a native test say {setter}(|..| ..) first")
    };
    mock.downcast().expect("one function has one type")
}
