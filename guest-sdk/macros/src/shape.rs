//! `#[derive(Shape)]`: code that writes the structure of a type as text.

use proc_macro2::TokenStream;
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Data, DataEnum, DeriveInput, Error, Expr, Field, Fields, LitStr, Result, Token, parse_quote};

/// What the attributes on a type, a field or a variant do to the saved bytes.
#[derive(Default)]
struct Effect {
    /// `#[serde(rename = "…")]`: the name that stands in the text.
    rename: Option<String>,
    /// `#[serde(skip)]`: not saved.
    skip: bool,
    /// Serde goes its own way here, and cannot be followed.
    custom: bool,
    /// `#[shape("…")]`: the user's words for what is saved.
    words: Option<String>,
}

impl Effect {
    fn of(attributes: &[Attribute]) -> Result<Self> {
        let mut effect = Self::default();
        for attribute in attributes {
            if attribute.path().is_ident("serde") {
                attribute.parse_nested_meta(|meta| effect.note(&meta))?;
            } else if attribute.path().is_ident("shape") {
                effect.words = Some(attribute.parse_args::<LitStr>()?.value());
            }
        }
        Ok(effect)
    }

    fn note(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let key = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        match key.as_str() {
            "rename" => self.rename = Some(meta.value()?.parse::<LitStr>()?.value()),
            "skip" => self.skip = true,
            // The saved form has neither names nor gaps, so these change nothing.
            "alias" | "bound" | "crate" | "default" | "deny_unknown_fields" | "expecting" => ignore_value(meta)?,
            "with" | "serialize_with" | "deserialize_with" | "from" | "try_from" | "into" | "remote"
            | "transparent" => {
                self.custom = true;
                ignore_value(meta)?;
            }
            "rename_all" | "rename_all_fields" => {
                return Err(meta.error(format!("`serde({key})` is not supported in a state: names are not saved, so take it out or rename single fields")));
            }
            "flatten"
            | "untagged"
            | "tag"
            | "content"
            | "skip_serializing_if"
            | "skip_serializing"
            | "skip_deserializing"
            | "other" => {
                return Err(meta.error(format!("`serde({key})` cannot be used in a state: the saved form does not describe itself, so it could not be read back")));
            }
            _ => return Err(meta.error("this serde attribute is not known to be safe in a state")),
        }
        Ok(())
    }
}

fn ignore_value(meta: &ParseNestedMeta<'_>) -> Result<()> {
    if meta.input.peek(Token![=]) {
        meta.value()?.parse::<Expr>()?;
    }
    Ok(())
}

pub(crate) fn expand(mut input: DeriveInput) -> Result<TokenStream> {
    let effect = Effect::of(&input.attrs)?;
    let body = match (effect.words, &input.data) {
        (Some(words), _) => quote!(structure.words(#words);),
        (None, _) if effect.custom => {
            return Err(Error::new_spanned(
                &input.ident,
                "a type with a serde form of its own needs `#[shape(\"what its bytes are\")]`",
            ));
        }
        (None, Data::Struct(data)) => fields(&data.fields)?,
        (None, Data::Enum(data)) => variants(data)?,
        (None, Data::Union(_)) => return Err(Error::new_spanned(&input.ident, "a union cannot be part of a state")),
    };
    for parameter in input.generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(::changeling_guest::Shape));
    }
    let name = &input.ident;
    let (generics, arguments, wheres) = input.generics.split_for_impl();
    Ok(quote! {
        impl #generics ::changeling_guest::Shape for #name #arguments #wheres {
            fn write(structure: &mut ::changeling_guest::shape::Structure) {
                structure.named::<Self>(|structure| { #body });
            }
        }
    })
}

fn fields(fields: &Fields) -> Result<TokenStream> {
    let (open, close) = match fields {
        Fields::Named(_) => ("{", "}"),
        Fields::Unnamed(_) => ("(", ")"),
        Fields::Unit => return Ok(quote!(structure.put("()");)),
    };
    let mut inner = Vec::new();
    for field in fields {
        let effect = Effect::of(&field.attrs)?;
        if effect.skip {
            continue;
        }
        if !inner.is_empty() {
            inner.push(quote!(structure.put(",");));
        }
        if let Some(ident) = &field.ident {
            let name = effect.rename.clone().unwrap_or_else(|| plain(ident));
            inner.push(quote!(structure.name(#name); structure.put(":");));
        }
        inner.push(field_type(field, &effect)?);
    }
    Ok(quote!(structure.put(#open); #(#inner)* structure.put(#close);))
}

fn field_type(field: &Field, effect: &Effect) -> Result<TokenStream> {
    let ty = &field.ty;
    match &effect.words {
        Some(words) => Ok(quote!(structure.words(#words);)),
        None if effect.custom => Err(Error::new_spanned(
            field,
            "a field with serde functions of its own needs `#[shape(\"what its bytes are\")]`",
        )),
        None => Ok(quote!(<#ty as ::changeling_guest::Shape>::write(structure);)),
    }
}

fn variants(data: &DataEnum) -> Result<TokenStream> {
    let mut inner = Vec::new();
    for variant in &data.variants {
        let effect = Effect::of(&variant.attrs)?;
        if effect.skip || effect.custom {
            // Serde numbers the variants differently in its two directions when one of them is skipped.
            return Err(Error::new_spanned(
                variant,
                "a variant inside a state can be neither skipped nor given serde functions of its own",
            ));
        }
        if !inner.is_empty() {
            inner.push(quote!(structure.put("|");));
        }
        let name = effect.rename.unwrap_or_else(|| plain(&variant.ident));
        inner.push(quote!(structure.name(#name);));
        if !matches!(variant.fields, Fields::Unit) {
            inner.push(fields(&variant.fields)?);
        }
    }
    Ok(quote!(structure.put("<"); #(#inner)* structure.put(">");))
}

fn plain(ident: &syn::Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}
