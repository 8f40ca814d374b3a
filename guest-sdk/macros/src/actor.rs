//! `#[actor]`: from the static functions that the host calls to the methods that the user wrote.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{
    Error, FnArg, ImplItem, ImplItemFn, ItemImpl, LitStr, Pat, Path, ReceiverKind, Result, Token, Type,
    parse_quote_spanned,
};

use crate::guest;

/// `prefix = "admin_"`, or nothing.
#[derive(Default)]
pub(crate) struct Naming {
    prefix: Option<LitStr>,
}

impl Parse for Naming {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if input.is_empty() {
            return Ok(Self::default());
        }
        let key: Ident = input.parse()?;
        if key != "prefix" {
            return Err(Error::new(key.span(), "expected nothing or `prefix = \"admin_\"`"));
        }
        input.parse::<Token![=]>()?;
        Ok(Self { prefix: Some(input.parse()?) })
    }
}

impl Naming {
    /// What a function of the interface is called as a method.
    fn method(&self, function: &Ident) -> Ident {
        match &self.prefix {
            Some(prefix) => Ident::new(&format!("{}{function}", prefix.value()), function.span()),
            None => function.clone(),
        }
    }
}

pub(crate) fn expand(naming: &Naming, item: ItemImpl) -> Result<TokenStream> {
    let Some(interface) = item.trait_.as_ref().map(|(path, _)| path.clone()) else {
        return Err(Error::new_spanned(
            &item.self_ty,
            "`#[actor]` goes on `impl interface::Guest for Type` or on `impl Lifecycle|Info|Health|Status for Type`",
        ));
    };
    let name = interface.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
    match name.as_str() {
        "Lifecycle" => Ok(hook(&item, "lifecycle", &lifecycle(&item.self_ty, &interface))),
        "Info" => Ok(hook(&item, "info", &info(&item.self_ty, &interface))),
        "Health" => Ok(hook(&item, "health", &health(&item.self_ty, &interface))),
        "Status" => Ok(hook(&item, "status", &status(&item.self_ty, &interface))),
        _ => exported(naming, item),
    }
}

/// One of the optional interfaces: the implementation as it is, and the export of it.
fn hook(item: &ItemImpl, interface: &str, functions: &TokenStream) -> TokenStream {
    let world = format_ident!("has_{interface}");
    let ty = &item.self_ty;
    let export = guest::export(&quote!(::changeling_guest::__rt::#world), &format!("export_{interface}"), ty);
    let interface = format_ident!("{interface}");
    quote! {
        #item
        impl ::changeling_guest::__rt::#world::exports::changeling::actor::#interface::Guest for #ty { #functions }
        #export
    }
}

fn lifecycle(ty: &Type, interface: &Path) -> TokenStream {
    let span = ty.span();
    let actor = quote_spanned!(span=> <#ty as ::changeling_guest::__rt::Actor>);
    let subject = quote_spanned!(span=> <#ty as ::changeling_guest::__rt::Subject>);
    quote! {
        fn init(start: ::changeling_guest::Start) -> ::core::result::Result<(), ::std::string::String> {
            #actor::begin(<#ty as #interface>::init(start)?);
            ::core::result::Result::Ok(())
        }
        fn terminate(reason: ::changeling_guest::ExitReason) {
            #subject::with(|state| <#ty as #interface>::terminate(state, reason));
        }
    }
}

fn info(ty: &Type, interface: &Path) -> TokenStream {
    let actor = quote_spanned!(ty.span()=> <#ty as ::changeling_guest::__rt::Actor>);
    quote! {
        fn handle_info(message: ::changeling_guest::Message) {
            #actor::handle(|state| <#ty as #interface>::handle_info(state, message));
        }
    }
}

fn health(ty: &Type, interface: &Path) -> TokenStream {
    let subject = quote_spanned!(ty.span()=> <#ty as ::changeling_guest::__rt::Subject>);
    quote! {
        fn check() -> ::core::result::Result<(), ::std::string::String> {
            #subject::with(|state| <#ty as #interface>::check(state))
        }
    }
}

fn status(ty: &Type, interface: &Path) -> TokenStream {
    let subject = quote_spanned!(ty.span()=> <#ty as ::changeling_guest::__rt::Subject>);
    quote! {
        fn view() -> ::std::string::String {
            #subject::with(|state| <#ty as #interface>::view(state))
        }
    }
}

/// An interface of the user's world: his functions become methods, and the trait's functions call them.
fn exported(naming: &Naming, item: ItemImpl) -> Result<TokenStream> {
    let functions = item.items.iter().map(|member| match member {
        ImplItem::Fn(function) => forward(naming, &item.self_ty, function).map(ImplItem::Fn),
        ImplItem::Type(resource) => Err(Error::new_spanned(
            resource,
            "a resource cannot leave its component, so the host takes no interface with one",
        )),
        other => Err(Error::new_spanned(other, "only the functions of the interface belong here")),
    });
    // Both keep the user's own `impl` and braces: what the compiler says about either points at them.
    let implementation = ItemImpl { items: functions.collect::<Result<_>>()?, attrs: Vec::new(), ..item.clone() };
    let mut methods = ItemImpl { trait_: None, ..item };
    for member in &mut methods.items {
        if let ImplItem::Fn(function) = member {
            function.sig.ident = naming.method(&function.sig.ident);
        }
    }
    Ok(quote!(#methods #implementation))
}

/// The function that the host calls, without a `self`.
fn forward(naming: &Naming, ty: &Type, function: &ImplItemFn) -> Result<ImplItemFn> {
    let signature = &function.sig;
    if let Some(keyword) = &signature.asyncness {
        return Err(Error::new_spanned(
            keyword,
            "a function that the host calls runs to its end: it cannot be `async`",
        ));
    }
    let (mut parameters, mut arguments, mut receiver) = (Vec::new(), Vec::<Ident>::new(), None);
    for (position, input) in signature.inputs.iter().enumerate() {
        match input {
            FnArg::Receiver(own) => match &own.kind {
                ReceiverKind::Reference(_, _, mutable) => receiver = Some(mutable.is_some()),
                _ => {
                    return Err(Error::new_spanned(own, "the state stays where it is: take `&mut self` or `&self`"));
                }
            },
            FnArg::Typed(parameter) => {
                let ty = &parameter.ty;
                let name = match &*parameter.pat {
                    Pat::Ident(pattern) => pattern.ident.clone(),
                    _ => format_ident!("argument_{position}"),
                };
                parameters.push(quote!(#name: #ty));
                arguments.push(name);
            }
        }
    }
    let (name, output) = (&signature.ident, &signature.output);
    let method = naming.method(name);
    let cfgs = function.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    let subject = quote!(<#ty as ::changeling_guest::__rt::Subject>);
    let call = match receiver {
        None => quote_spanned!(name.span()=> <#ty>::#method(#(#arguments),*)),
        Some(true) if arguments.is_empty() => quote_spanned!(name.span()=> #subject::with(<#ty>::#method)),
        Some(_) => quote_spanned!(name.span()=> #subject::with(|state| <#ty>::#method(state, #(#arguments),*))),
    };
    Ok(parse_quote_spanned! {signature.span()=>
        #(#cfgs)*
        fn #name(#(#parameters),*) #output { #call }
    })
}
