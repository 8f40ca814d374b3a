//! `smith FOLDER COUNT SEED` writes components that are well-formed and mean nothing, the same ones for the same seed.
//!
//! Every second one meets the contract, with code at random behind each of its entries; the others are whatever there is
//! in the component model.

use std::path::Path;

use arbitrary::Unstructured;
use wasm_smith::{Component, Config, Module};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, WorldId};

/// What one of them is made of.
const BYTES: usize = 16 << 10;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder, count, seed] = args.as_slice() else { panic!("smith FOLDER COUNT SEED") };
    let (count, seed): (u64, u64) = (count.parse().expect("a number"), seed.parse().expect("a number"));
    let world = world();
    std::fs::create_dir_all(folder).expect("the folder can be made");
    let (mut written, mut next) = (0, seed.wrapping_mul(1 << 32));
    while written < count {
        next += 1;
        let bytes = random(next);
        let mut material = Unstructured::new(&bytes);
        let made = if next.is_multiple_of(2) { guest(&mut material, &world) } else { component(&mut material) };
        if let Some(made) = made {
            written += 1;
            std::fs::write(Path::new(folder).join(format!("{written:06}.wasm")), made).expect("it can be written");
        }
    }
}

fn random(seed: u64) -> Vec<u8> {
    // SplitMix64.
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    (0..BYTES / 8).flat_map(|_| next().to_le_bytes()).collect()
}

/// What a host takes, and no more.
fn config() -> Config {
    Config {
        exceptions_enabled: false,
        gc_enabled: false,
        memory64_enabled: false,
        relaxed_simd_enabled: false,
        shared_everything_threads_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        custom_page_sizes_enabled: false,
        max_memory32_bytes: 8 << 20,
        max_memories: 1,
        ..Config::default()
    }
}

fn component(material: &mut Unstructured<'_>) -> Option<Vec<u8>> {
    Component::new(config(), material).ok().map(|component| component.to_bytes())
}

/// A guest with the imports and exports of the one that tests are made of.
fn guest(material: &mut Unstructured<'_>, (resolve, world): &(Resolve, WorldId)) -> Option<Vec<u8>> {
    let shape = wat::parse_str(include_str!("../../../tests/hostile/guest.wat")).expect("it is well-formed");
    let config = Config { module_shape: Some(shape), allow_start_export: true, ..config() };
    let mut module = Module::new(config, material).ok()?.to_bytes();
    embed_component_metadata(&mut module, resolve, *world, StringEncoding::UTF8, false).ok()?;
    ComponentEncoder::default().validate(true).module(&module).ok()?.encode().ok()
}

fn world() -> (Resolve, WorldId) {
    let mut resolve = Resolve::default();
    let contract = include_str!("../../../wit/changeling-actor.wit");
    resolve.push_str("changeling-actor.wit", contract).expect("the contract is well-formed");
    let guest = include_str!("../../../tests/hostile/guest.wit");
    let package = resolve.push_str("guest.wit", guest).expect("the guest's world is well-formed");
    let world = resolve.select_world(&[package], Some("actor")).expect("it has this world");
    (resolve, world)
}
