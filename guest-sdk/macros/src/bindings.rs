//! The SDK's own bindings: what a guest may import, and one module per optional export.
//!
//! Each optional export has a world of its own. wit-bindgen puts the export half of a world's type into the macro that
//! exports it, so an interface is exported exactly when a guest expands that macro.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Error, Result};
use wit_bindgen_rust::{Opts, WithOption};

use crate::wit;

/// Interfaces that a guest may export, and whether they use the shared types.
const OPTIONAL: [(&str, bool); 5] =
    [("state", false), ("lifecycle", true), ("info", true), ("health", false), ("status", false)];

pub(crate) fn expand() -> Result<TokenStream> {
    let host = module("host", Opts { generate_unused_types: true, ..Opts::default() })?;
    let exports = OPTIONAL.iter().map(|(interface, uses_types)| {
        let (types, path) = wit::SHARED_TYPES;
        let with = uses_types.then(|| (types.into(), WithOption::Path(path.into())));
        let options = Opts {
            pub_export_macro: true,
            export_macro_name: Some(format!("export_{interface}")),
            default_bindings_module: Some(format!("::changeling_guest::__rt::has_{interface}")),
            with: with.into_iter().collect(),
            ..Opts::default()
        };
        module(&format!("has-{interface}"), options)
    });
    let exports = exports.collect::<Result<Vec<_>>>()?;
    Ok(quote!(#host #(#exports)*))
}

fn module(world: &str, options: Opts) -> Result<TokenStream> {
    let options = Opts { additional_derive_attributes: vec!["PartialEq".into(), "Eq".into()], ..options };
    let source =
        generate(world, options).map_err(|why| Error::new(proc_macro2::Span::call_site(), format!("{why:#}")))?;
    let name = format_ident!("{}", world.replace('-', "_"));
    let items = source.items;
    Ok(quote! {
        #[allow(warnings, clippy::all, unsafe_code, missing_docs, reason = "generated")]
        pub mod #name { #(#items)* }
    })
}

fn generate(world: &str, options: Opts) -> anyhow::Result<syn::File> {
    let (mut resolve, package) = wit::contract()?;
    let world = resolve.select_world(&[package], Some(world))?;
    wit::bindings(&mut resolve, world, options)
}
