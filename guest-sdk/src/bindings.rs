//! The contract in Rust, as wit-bindgen writes it.

changeling_guest_macros::sdk_bindings!();
