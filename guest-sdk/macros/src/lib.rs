//! The macros of `changeling-guest`, which documents and re-exports them. Not meant to be used without it.

mod actor;
mod bindings;
mod guest;
mod mock;
mod shape;
mod state;
mod wit;
mod world;

use proc_macro::TokenStream;
use syn::parse_macro_input;

/// Makes a crate a guest: reads its WIT and exports what is implemented.
///
/// ```ignore
/// guest!(Counter);                            // an actor, in the only world of ./wit
/// guest!(Counter in "app");                   // in the world of that name
/// guest!(Counter in "app" from "../wit");     // and of that folder, seen from the folder of Cargo.toml
/// guest!(service Greeter);                    // a service: a unit struct, with no state
/// ```
///
/// Brings into scope, under its own name, every interface that the world imports or exports (`counter::Guest`,
/// `bank::deposit`; a second one of the same name goes by its package too, `ledger_bank`), and whatever the world
/// imports or exports outside an interface. An exported interface is implemented with [`macro@actor`]; imported
/// functions can be mocked in native tests (`bank::mock::deposit(|account, amount| …)`). The crate's version becomes
/// the label of the component.
///
/// The package `changeling:actor` need not be in the folder. If other tools want it there, its place is
/// `deps/changeling-actor.wit` or `deps/changeling-actor/`.
#[proc_macro]
pub fn guest(input: TokenStream) -> TokenStream {
    let guest = parse_macro_input!(input as guest::Guest);
    guest.expand().unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Lets the host call an implementation: `impl counter::Guest for Counter` of an interface that the world exports, or
/// `impl Lifecycle|Info|Health|Status for Counter`. Writing the implementation of one of these four is what exports
/// it.
///
/// The functions of an exported interface borrow the state: they take `&mut self`, `&self` or no `self`, and for the
/// rest what the WIT says. They become methods of the type as well, so that a native test just calls them. Where two
/// exported interfaces have a function of the same name, `#[actor(prefix = "admin_")]` on one of them gives its methods
/// other names.
#[proc_macro_attribute]
pub fn actor(args: TokenStream, item: TokenStream) -> TokenStream {
    let naming = parse_macro_input!(args as actor::Naming);
    let item = parse_macro_input!(item as syn::ItemImpl);
    actor::expand(&naming, item).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// A state that outlives its code, in one of its versions.
///
/// ```ignore
/// #[state(version = 1)]                                   // the first
/// #[state(version = 2, from = v1::Counter)]               // comes from an older one
/// #[state(version = 2, from = v1::Counter, down)]         // and can be saved as it
/// ```
///
/// `from` wants `From<v1::Counter> for Counter`, or `TryFrom` with an error that can be displayed: the host shows it
/// to people as the reason why the code was not replaced. `down` wants the same in the other direction. The older type
/// may itself come from a still older one; the whole chain is walked.
///
/// Derives `serde::Serialize`, `serde::Deserialize` and `Shape`. Types inside need [`macro@part`].
#[proc_macro_attribute]
pub fn state(args: TokenStream, item: TokenStream) -> TokenStream {
    let version = parse_macro_input!(args as state::Version);
    let item = parse_macro_input!(item as syn::DeriveInput);
    version.expand(&item).into()
}

/// A type that is part of a state: derives `serde::Serialize`, `serde::Deserialize` and `Shape`.
#[proc_macro_attribute]
pub fn part(_args: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::DeriveInput);
    state::part(&item).into()
}

/// The structure of a type as text. [`macro@state`] and [`macro@part`] derive it; alone it goes with serde
/// implementations of one's own.
///
/// Names and types of fields and variants are in the text, the type's own name is not. `#[serde(rename)]` and
/// `#[serde(skip)]` on fields are followed. Where serde is told to go ways of its own (`with`, `from`, …), say what
/// comes of it: `#[shape("rfc 3339 text")]`. Attributes under which the saved form cannot be read back are compile
/// errors.
#[proc_macro_derive(Shape, attributes(shape))]
pub fn shape(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as syn::DeriveInput);
    shape::expand(input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// The SDK's own bindings: not for guests.
#[doc(hidden)]
#[proc_macro]
pub fn sdk_bindings(_input: TokenStream) -> TokenStream {
    bindings::expand().unwrap_or_else(syn::Error::into_compile_error).into()
}
