//! What the compiler says to the mistakes that people make first: each file of `ui` is one, and beside it stands what
//! is said. `TRYBUILD=overwrite` writes that anew.

use std::path::Path;

#[test]
fn mistakes_are_explained() {
    // `guest!` looks for WIT beside Cargo.toml, and the cases are built in a package of their own.
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tests/trybuild/changeling-guest");
    let wit = package.join("wit");
    std::fs::create_dir_all(&wit).expect("the folder of the cases can be written");
    std::fs::copy(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wit/mistakes/counter.wit"),
        wit.join("counter.wit"),
    )
    .expect("the folder of the cases can be written");
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
