//! Native tests: imported functions that answer from a mock, and a word on what is not implemented.

use quote::quote;
use syn::{FnArg, Item, ItemFn, Visibility, parse_quote};

/// The items of a module inside `bindings`.
pub(crate) fn module<'a>(items: &'a mut Vec<Item>, path: &[String]) -> Option<&'a mut Vec<Item>> {
    let Some((first, rest)) = path.split_first() else {
        return Some(items);
    };
    items.iter_mut().find_map(|item| match item {
        Item::Mod(inner) if inner.ident == first => module(&mut inner.content.as_mut()?.1, rest),
        _ => None,
    })
}

/// Lets the imported functions of a module answer natively from what a test has put into `mock`.
///
/// Natively there is nothing behind an import: as wit-bindgen leaves it, calling one ends the whole test process.
pub(crate) fn mock(items: &mut Vec<Item>, interface: &str, short_name: &str) {
    let mut setters = Vec::new();
    for item in items.iter_mut() {
        if let Item::Fn(function) = item
            && matches!(function.vis, Visibility::Public(_))
        {
            setters.push(divert(function, interface, short_name));
        }
    }
    items.push(parse_quote! {
        /// Answers for native tests, one thread each.
        #[cfg(not(target_arch = "wasm32"))]
        pub mod mock {
            use super::*;
            #(#setters)*
        }
    });
}

/// Gives an imported function its native body; returns the function that sets the mock.
fn divert(function: &mut ItemFn, interface: &str, short_name: &str) -> ItemFn {
    let name = function.sig.ident.clone();
    let output = function.sig.output.clone();
    let (mut types, mut arguments) = (Vec::new(), Vec::new());
    for input in &function.sig.inputs {
        if let FnArg::Typed(parameter) = input {
            types.push(parameter.ty.clone());
            arguments.push(parameter.pat.clone());
        }
    }
    let full_name = format!("{interface}.{}", name.to_string().replace('_', "-"));
    let setter = format!("{short_name}::mock::{name}");
    let mock = quote!(::std::boxed::Box<dyn ::core::ops::Fn(#(#types),*) #output>);
    let body = &function.block;
    function.block = parse_quote!({
        #[cfg(not(target_arch = "wasm32"))]
        {
            let answer = ::changeling_guest::__rt::mock::get::<#mock>(#full_name, #setter);
            return answer(#(#arguments),*);
        }
        #[cfg(target_arch = "wasm32")]
        #body
    });
    function.attrs.push(parse_quote!(#[track_caller]));
    parse_quote! {
        /// Sets what the function of this name answers in this thread, from now on.
        pub fn #name(answer: impl ::core::ops::Fn(#(#types),*) #output + 'static) {
            ::changeling_guest::__rt::mock::set::<#mock>(#full_name, ::std::boxed::Box::new(answer));
        }
    }
}

/// What the compiler says where an exported interface is not implemented.
pub(crate) fn explain(items: &mut [Item], interface: &str, implementation: &str) {
    let message = format!("the world exports {interface}, and `{{Self}}` does not implement it");
    let note = format!("write `#[actor] impl {implementation} for {{Self}} {{{{ … }}}}`");
    for item in items {
        if let Item::Trait(guest) = item
            && guest.ident == "Guest"
        {
            guest.attrs.push(parse_quote!(#[diagnostic::on_unimplemented(message = #message, label = "not implemented", note = #note)]));
        }
    }
}
