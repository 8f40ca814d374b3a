//! `guest!`: bindings of the guest's world, the exports, and what ties the type to them.

use std::path::PathBuf;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::{Error, File, Ident, LitByteStr, LitStr, Result, Token};
use wit_bindgen_core::wit_parser::{Resolve, WorldId};
use wit_bindgen_rust::{Opts, WithOption};

use crate::mock;
use crate::wit::{self, Folder};
use crate::world::World;

/// `Counter`, `service Greeter`, either with `in "world"` and `from "folder"`.
pub(crate) struct Guest {
    service: bool,
    ty: Ident,
    world: Option<LitStr>,
    folder: Option<LitStr>,
}

impl Parse for Guest {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut ty: Ident = input.parse()?;
        let service = ty == "service" && input.peek(Ident);
        if service {
            ty = input.parse()?;
        }
        let world = input.parse::<Option<Token![in]>>()?.map(|_| input.parse()).transpose()?;
        let mut folder = None;
        if !input.is_empty() {
            let word: Ident = input.parse()?;
            if word != "from" {
                return Err(Error::new(word.span(), "expected `in \"world\"` or `from \"folder\"`"));
            }
            folder = Some(input.parse()?);
        }
        Ok(Self { service, ty, world, folder })
    }
}

impl Guest {
    pub(crate) fn expand(&self) -> Result<TokenStream> {
        let mut folder = Folder::read(&self.folder_path()?).map_err(|why| self.folder_error(&format!("{why:#}")))?;
        let name = self.world.as_ref().map(LitStr::value);
        let id = folder
            .resolve
            .select_world(&[folder.package], name.as_deref())
            .map_err(|why| self.world_error(&format!("{why:#}")))?;
        let world = World::read(&folder.resolve, id).map_err(|why| self.world_error(&why))?;
        let options = options(&folder.resolve, id);
        let mut source =
            wit::bindings(&mut folder.resolve, id, options).map_err(|why| self.world_error(&format!("{why:#}")))?;
        edit(&mut source, &world);

        let bindings = self.bindings(&folder, &source);
        let scope = self.scope(&world);
        let subject = if self.service { self.service() } else { self.actor() };
        let start = start()?;
        let export = export(&quote!(bindings), "export", &self.ty);
        Ok(quote! {
            #bindings
            #scope
            #subject
            #export
            #start
        })
    }

    fn folder_path(&self) -> Result<PathBuf> {
        let root = std::env::var_os("CARGO_MANIFEST_DIR").ok_or_else(|| {
            self.folder_error("`guest!` reads the WIT in the folder of Cargo.toml, so it needs Cargo")
        })?;
        Ok(PathBuf::from(root).join(self.folder.as_ref().map_or_else(|| "wit".to_owned(), LitStr::value)))
    }

    fn folder_error(&self, why: &str) -> Error {
        Error::new(self.folder.as_ref().map_or(self.ty.span(), LitStr::span), why)
    }

    fn world_error(&self, why: &str) -> Error {
        Error::new(self.world.as_ref().map_or(self.ty.span(), LitStr::span), why)
    }

    /// The generated module. It looks at its sources so that Cargo builds again when they change.
    fn bindings(&self, folder: &Folder, source: &File) -> TokenStream {
        let files = folder.files.iter().map(|file| file.display().to_string());
        let items = &source.items;
        quote! {
            #[doc(hidden)]
            #[allow(warnings, clippy::all, clippy::pedantic, clippy::restriction, unsafe_code, missing_docs, reason = "generated")]
            mod bindings {
                #(const _: &[u8] = include_bytes!(#files);)*
                #(#items)*
            }
        }
    }

    /// The names of the world, and a check that the type implements what the world exports.
    fn scope(&self, world: &World) -> TokenStream {
        let ty = &self.ty;
        let names = world.scope();
        let exported = world.interfaces.iter().filter(|interface| interface.exported).map(|interface| interface.path());
        let mut traits: Vec<_> = exported.map(|path| quote!(#path::Guest)).collect();
        let root = world.exports_functions.then(|| {
            traits.push(quote!(bindings::Guest));
            quote!(
                #[allow(unused_imports, reason = "for the guest to implement")]
                use bindings::Guest;
            )
        });
        let checks = traits.iter().map(|guest| {
            quote_spanned! {ty.span()=> const _: fn() = || {
                fn implemented<T: #guest>() {}
                implemented::<#ty>();
            };}
        });
        // A service's functions take no `self`, so only the traits give them to a native test.
        let methods = if self.service { traits.as_slice() } else { &[] };
        quote! {
            #(#[allow(unused_imports, reason = "for the guest to use")] use #names;)*
            #(#[allow(unused_imports, reason = "for native tests")] use #methods as _;)*
            #root
            #(#checks)*
        }
    }

    /// One state per instance, which the host's calls borrow, and the export that carries it over.
    fn actor(&self) -> TokenStream {
        let ty = &self.ty;
        let rt = quote_spanned!(ty.span()=> ::changeling_guest::__rt);
        let export = export(&quote!(#rt::has_state), "export_state", ty);
        quote_spanned! {ty.span()=>
            impl #rt::Actor for #ty {
                fn slot<R>(look: impl ::core::ops::FnOnce(&#rt::Slot<Self>) -> R) -> R {
                    ::std::thread_local! {
                        static STATE: #rt::Slot<#ty> = const { #rt::Slot::empty() };
                    }
                    STATE.with(look)
                }
                fn first() -> Self {
                    #[allow(unused_imports, reason = "the compiler takes the one that fits")]
                    use #rt::first::{ByDefault, ByInit, ByNothing};
                    (&&&#rt::first::Of::<#ty>::new()).first()
                }
            }
            impl #rt::Subject for #ty {
                fn with<R>(run: impl ::core::ops::FnOnce(&mut Self) -> R) -> R {
                    <Self as #rt::Actor>::handle(run)
                }
            }
            impl #rt::has_state::exports::changeling::actor::state::Guest for #ty {
                fn shapes() -> #rt::state::ShapeSet {
                    <#ty as #rt::state::State>::shapes()
                }
                fn save(version: u32) -> ::core::result::Result<::std::vec::Vec<u8>, ::std::string::String> {
                    <#ty as #rt::Actor>::handle(|state| <#ty as #rt::state::State>::save(state, version))
                }
                fn code_change(
                    change: #rt::state::Change,
                    state: ::std::vec::Vec<u8>,
                ) -> ::core::result::Result<(), ::std::string::String> {
                    <#ty as #rt::Actor>::begin(#rt::state::load(change.old_version, &state)?);
                    ::core::result::Result::Ok(())
                }
            }
            #export
        }
    }

    /// A service is its type and nothing more: a unit struct, so that nothing can be kept between calls.
    fn service(&self) -> TokenStream {
        let ty = &self.ty;
        quote_spanned! {ty.span()=>
            impl ::changeling_guest::__rt::Subject for #ty {
                fn with<R>(run: impl ::core::ops::FnOnce(&mut Self) -> R) -> R {
                    run(&mut #ty)
                }
            }
        }
    }
}

/// What makes the linker export an implementation. In a block of its own, so that a guest may deny `unsafe` elsewhere.
pub(crate) fn export(bindings: &TokenStream, name: &str, ty: &impl ToTokens) -> TokenStream {
    let export = format_ident!("{name}");
    quote! {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "generated: what the host calls has a fixed form")]
        const _: () = {
            #bindings::#export!(#ty with_types_in #bindings);
        };
    }
}

fn options(resolve: &Resolve, world: WorldId) -> Opts {
    let (types, path) = wit::SHARED_TYPES;
    // wit-bindgen refuses a mapping that the world does not use.
    let uses_types = resolve.worlds[world].imports.keys().any(|key| resolve.name_world_key(key) == types);
    Opts {
        with: uses_types.then(|| (types.into(), WithOption::Path(path.into()))).into_iter().collect(),
        generate_all: true,
        default_bindings_module: Some("bindings".into()),
        additional_derive_attributes: vec!["PartialEq".into()],
        ..Opts::default()
    }
}

fn edit(source: &mut File, world: &World) {
    for interface in world.interfaces.iter().filter(|interface| !interface.name.starts_with("wasi:")) {
        let Some(items) = mock::module(&mut source.items, &interface.module) else {
            continue;
        };
        let (name, short_name) = (&interface.name, interface.short_name());
        if interface.exported {
            mock::explain(items, &format!("`{name}`"), &format!("{short_name}::Guest"));
        } else {
            mock::mock(items, name, short_name);
        }
    }
    if world.exports_functions {
        mock::explain(&mut source.items, "functions of its own", "Guest");
    }
    if world.imports_functions {
        mock::mock(&mut source.items, "the world", "bindings");
    }
}

/// What runs before the first export is called, and the label: in `guest!` alone, because the linker would join two of
/// a name into one.
fn start() -> Result<TokenStream> {
    let version = std::env::var("CARGO_PKG_VERSION")
        .map_err(|_| Error::new(Span::call_site(), "`guest!` needs Cargo for the version of the crate"))?;
    let label = LitByteStr::new(version.as_bytes(), Span::call_site());
    let length = version.len();
    Ok(quote! {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "the sections that statics go to can only be named unsafely")]
        const _: () = {
            #[used]
            #[unsafe(link_section = ".init_array")]
            static START: extern "C" fn() = ::changeling_guest::__rt::start;
            #[used]
            #[unsafe(link_section = "version")]
            static LABEL: [u8; #length] = *#label;
        };
    })
}
