//! `#[state]` and `#[part]`: the derives, and the chain from one version of a state to the one before.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{DeriveInput, Error, Ident, LitInt, Path, Result, Token};

/// `version = 2, from = v1::Counter, down`
pub(crate) struct Version {
    number: LitInt,
    from: Option<Path>,
    down: bool,
}

impl Parse for Version {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let (mut number, mut from, mut down) = (None, None, None);
        while !input.is_empty() {
            let key: Ident = input.parse()?;
            match key.to_string().as_str() {
                "version" => {
                    input.parse::<Token![=]>()?;
                    number = Some(input.parse::<LitInt>()?);
                }
                "from" => {
                    input.parse::<Token![=]>()?;
                    from = Some(input.parse()?);
                }
                "down" => down = Some(key.span()),
                _ => {
                    return Err(Error::new(key.span(), "expected `version = N`, `from = path::to::Older` or `down`"));
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        let number = number.ok_or_else(|| Error::new(Span::call_site(), "a state needs `version = N`"))?;
        number.base10_parse::<u32>()?;
        if let (Some(span), None) = (down, &from) {
            return Err(Error::new(
                span,
                "`down` says that the state can be saved as the version it comes from, so it needs `from = path::to::Older`",
            ));
        }
        Ok(Self { number, from, down: down.is_some() })
    }
}

impl Version {
    /// The item with its derives, and its place in the chain.
    pub(crate) fn expand(&self, item: &DeriveInput) -> TokenStream {
        let part = part(item);
        let name = &item.ident;
        let number = &self.number;
        let (generics, arguments, wheres) = item.generics.split_for_impl();
        let state = quote!(::changeling_guest::__rt::state);
        // What the compiler says of the older version points at where it is named.
        let span = self.from.as_ref().map_or_else(Span::call_site, Spanned::span);
        let chain = quote_spanned!(span=> ::changeling_guest::__rt::state);
        let (read, save) = (self.read(&chain), self.save(&chain));
        let shapes = self.shapes(&chain);
        let grows = self.grows(&state);
        quote! {
            #part
            impl #generics #state::State for #name #arguments #wheres {
                const VERSION: u32 = #number;
                fn shapes() -> #state::ShapeSet {
                    #shapes
                }
                fn read(saved: &#state::Saved<'_>) -> ::core::result::Result<Self, ::std::string::String> {
                    if saved.version() == <Self as #state::State>::VERSION {
                        return saved.decode();
                    }
                    #read
                }
                fn save(&self, version: u32) -> ::core::result::Result<::std::vec::Vec<u8>, ::std::string::String> {
                    if version == <Self as #state::State>::VERSION {
                        return #state::seal(self);
                    }
                    #save
                }
            }
            #grows
        }
    }

    fn shapes(&self, state: &TokenStream) -> TokenStream {
        let Some(from) = &self.from else {
            return quote!(#state::ShapeSet::first::<Self>());
        };
        let down = self.down;
        quote_spanned!(from.span()=> <#from as #state::State>::shapes().then::<Self>(#down))
    }

    fn read(&self, state: &TokenStream) -> TokenStream {
        let Some(from) = &self.from else {
            return quote!(::core::result::Result::Err(#state::unread(saved.version())));
        };
        quote_spanned! {from.span()=>
            let older = <#from as #state::State>::read(saved)?;
            #state::convert::<#from, Self>(older)
        }
    }

    fn save(&self, state: &TokenStream) -> TokenStream {
        let (Some(from), true) = (&self.from, self.down) else {
            return quote!(::core::result::Result::Err(#state::unwritten(version)));
        };
        quote_spanned! {from.span()=>
            let older = #state::convert::<Self, #from>(#state::copy(self)?)?;
            <#from as #state::State>::save(&older, version)
        }
    }

    fn grows(&self, state: &TokenStream) -> TokenStream {
        let Some(from) = &self.from else {
            return TokenStream::new();
        };
        let number = &self.number;
        quote_spanned! {number.span()=>
            const _: () = ::core::assert!(
                <#from as #state::State>::VERSION < #number,
                "the version of a state must be greater than the one it comes from"
            );
        }
    }
}

/// The item with what every type inside a state needs. The derives are named through the SDK, which is a guest's only
/// dependency.
pub(crate) fn part(item: &DeriveInput) -> TokenStream {
    quote! {
        #[derive(
            ::changeling_guest::__rt::serde::Serialize,
            ::changeling_guest::__rt::serde::Deserialize,
            ::changeling_guest::Shape,
        )]
        #[serde(crate = "::changeling_guest::__rt::serde")]
        #item
    }
}
