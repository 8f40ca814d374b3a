//! Documents that say what the code says are made from it.

use std::fmt::Write;

use changeling::config::settings;
use expect_test::expect_file;

#[test]
fn the_page_of_the_manifest_lists_every_setting_with_its_default() {
    let mut page = String::from(
        "# The manifest\n\n`changeling.toml` in the watched folder. It is optional, and so is everything in it. Sizes are written \
         `\"64MiB\"`,\ntimes `\"5s\"`. `[components.NAME]` holds for one component, on top of `[defaults]`, which holds for all.\n",
    );
    let mut section = "";
    for setting in settings() {
        if setting.section != section {
            section = setting.section;
            write!(page, "\n## `[{section}]`\n\n| setting | default | meaning |\n|---|---|---|\n")
                .expect("a string takes it");
        }
        let default = setting.default.replace('|', "\\|");
        writeln!(page, "| `{}` | {default} | {} |", setting.name, setting.meaning).expect("a string takes it");
    }
    expect_file!["../docs/manifest.md"].assert_eq(&page);
}

#[test]
fn the_guest_in_the_readme_is_the_counter_whole() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |file: &str| std::fs::read_to_string(root.join(file)).expect("it is there");
    assert!(read("README.md").contains(&read("guests/counter/v2/src/lib.rs")), "the README shows another counter");
}
