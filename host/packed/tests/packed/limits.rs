//! How large a message may be, and which types have none.

use std::sync::Arc;

use changeling_packed::{Error, Handler, Malformed, TooLarge, Unportable, import, portable, value};
use wasmtime::component::{Linker, Val};

use crate::generate::Ty;
use crate::guest::{
    ENCODINGS, ENGINE, Guest, Speaks, World, component, echoing_bytes, imported, pack, passing_params, passing_result,
    reflect_one,
};

fn bytes(len: usize) -> Vec<u8> {
    pack(&[reflect_one(&Ty::List(Ty::Word("u8").into()))], &[Val::List(vec![Val::U8(7); len])])
}

#[test]
fn a_result_of_exactly_the_limit_passes() {
    let component = echoing_bytes();
    let (fits, too_large) = (bytes(998), bytes(999));
    assert_eq!((fits.len(), too_large.len()), (1000, 1001));
    let mut guest = Guest::new(&component, World::default(), Speaks::Packed).unwrap();
    guest.store.set_hostcall_fuel(1000);
    assert_eq!(guest.call(&fits).unwrap(), fits);
    assert_eq!(guest.call(&fits).unwrap(), fits, "the limit is for each message");
    let why = guest.call(&too_large).unwrap_err();
    assert!(why.downcast_ref::<TooLarge>().is_some(), "{why:?}");
}

#[test]
fn text_counts_as_it_is_packed_in_every_encoding() {
    let (string, text) = (Ty::Word("string"), "aé漢𝄞".repeat(50));
    for encoding in ENCODINGS {
        for is_too_large in [false, true] {
            let component = passing_params(std::slice::from_ref(&string), encoding);
            let message = pack(&[reflect_one(&string)], &[Val::String(text.clone())]);
            let mut guest = Guest::new(&component, World::default(), Speaks::Packed).unwrap();
            guest.store.set_hostcall_fuel(message.len() - usize::from(is_too_large));
            match guest.call(&message) {
                Ok(_) => assert!(!is_too_large, "{encoding}"),
                Err(why) => assert!(is_too_large && why.downcast_ref::<TooLarge>().is_some(), "{encoding}: {why:?}"),
            }
        }
    }
}

#[test]
fn a_megabyte_goes_through() {
    let message = bytes(1 << 20);
    let mut guest = Guest::new(&echoing_bytes(), World::default(), Speaks::Packed).unwrap();
    assert!(guest.call(&message).unwrap() == message);
}

#[test]
fn values_are_written_up_to_the_limit() {
    let types = [reflect_one(&Ty::Word("string"))];
    let values = [Val::String("x".repeat(99))];
    assert_eq!(value::to_packed(&types, &values, 100).unwrap().len(), 100);
    assert_eq!(value::to_packed(&types, &values, 99), Err(TooLarge.into()));
}

#[test]
fn a_message_of_another_type_is_refused_with_a_name() {
    let component = passing_params(&[Ty::Word("bool")], "utf8");
    let refused = |message: &[u8]| {
        let mut guest = Guest::new(&component, World::default(), Speaks::Packed).unwrap();
        *guest.call(message).unwrap_err().downcast_ref::<Malformed>().unwrap()
    };
    assert_eq!(refused(&[]), Malformed::Truncated);
    assert_eq!(refused(&[2]), Malformed::Bool(2));
    assert_eq!(refused(&[1, 1]), Malformed::LeftOver(1));

    let (component, _) = passing_result(&Ty::Word("char"), "utf8");
    let world = World { reply: vec![0, 0xd8, 0, 0], ..World::default() };
    let why = Guest::new(&component, world, Speaks::Packed).unwrap().call(&[]).unwrap_err();
    assert_eq!(why.downcast_ref(), Some(&Malformed::Char(0xd800)), "{why:?}");
}

#[test]
fn handles_are_refused_by_name_and_place() {
    let component = component(
        r#"(component
            (import "file" (type $file (sub resource)))
            (type $files (list (own $file)))
            (type $d (record (field "name" string) (field "files" $files)))
            (import "d" (type $request (eq $d)))
            (import "f" (func $f (param "request" $request) (param "log" (borrow $file)))))"#,
    );
    let func = imported(&component);
    let types: Vec<_> = func.params().map(|(_, ty)| ty).collect();
    let own = Unportable::Handle { handle: "own", path: ".files[]".to_owned() };
    assert_eq!(portable(&types[0]), Err(own.clone()));
    assert_eq!(own.to_string(), ".files[]: own is a handle, and handles cannot be sent in a message");
    let borrow = portable(&types[1]).unwrap_err();
    assert_eq!(borrow.to_string(), "borrow is a handle, and handles cannot be sent in a message");
    assert_eq!(value::from_packed(&types, &[]), Err(Error::Unportable(own.clone())));

    let mut linker = Linker::<()>::new(&ENGINE);
    let handler: Handler<()> = Arc::new(|_, args| Box::new(async { Ok(args) }));
    let why = import(&mut linker.root(), "f", &func, handler).unwrap_err();
    assert_eq!(why.downcast_ref(), Some(&own), "{why:?}");
}

#[test]
fn an_import_of_another_type_is_refused_when_it_is_linked() {
    let (bools, floats) =
        (passing_params(&[Ty::Word("bool")], "utf8"), passing_params(&vec![Ty::Word("f64"); 3], "utf8"));
    let mut linker = Linker::<()>::new(&ENGINE);
    let handler: Handler<()> = Arc::new(|_, args| Box::new(async { Ok(args) }));
    import(&mut linker.root(), "f", &imported(&bools), handler).unwrap();
    assert!(linker.instantiate_pre(&bools).is_ok());
    assert!(linker.instantiate_pre(&floats).is_err());
}
