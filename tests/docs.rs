//! Documents that say what the code says are made from it.

use std::fmt::Write;

use changeling::config::settings;
use expect_test::expect_file;

#[test]
fn the_page_of_the_manifest_lists_every_setting_with_its_default() {
    let mut page = String::from(
        "# The manifest\n\n`changeling.toml` in the watched folder. It is optional, and so is everything in it. Sizes are written \
         `\"64MiB\"`,\ntimes `\"5s\"`. `[components.NAME]` holds for one component, on top of `[defaults]`, which holds for all.\n\n\
         A changed manifest is read when it has been left alone for a moment, in the folder or wherever `--manifest` says,\nalso \
         with `watch = false`. An event (`changeling events`) tells each changed setting with both values, and the last column\n\
         here says from when on that holds. *At once* is before the next message of an actor, with the next call of a service,\n\
         in the next act of an upgrade. An upgrade in hand ends by the settings that it began with. A manifest with a mistake\n\
         changes nothing, and is told with line and column; one that is removed is one without settings.\n",
    );
    let mut section = "";
    for setting in settings() {
        if setting.section != section {
            section = setting.section;
            write!(page, "\n## `[{section}]`\n\n| setting | default | meaning | a change holds |\n|---|---|---|---|\n")
                .expect("a string takes it");
        }
        let default = setting.default.replace('|', "\\|");
        writeln!(page, "| `{}` | {default} | {} | {} |", setting.name, setting.meaning, setting.holds.words())
            .expect("a string takes it");
    }
    expect_file!["../docs/manifest.md"].assert_eq(&page);
}

#[test]
fn the_guest_in_the_readme_is_the_counter_whole() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |file: &str| std::fs::read_to_string(root.join(file)).expect("it is there");
    assert!(read("README.md").contains(&read("guests/counter/v2/src/lib.rs")), "the README shows another counter");
}
