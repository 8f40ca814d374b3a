//! A saved state as JSON, read by the text of its structure that the SDK gives: postcard does not describe itself.
//!
//! The JSON is the one that serde writes for the same Rust type. What the text does not tell is not guessed.

use serde_json::{Map, Number, Value, json};

use super::structure::{DEEPEST, Shape};

/// The most values in one state that are shown.
const MOST: usize = 1_000_000;

/// The state that these bytes are.
///
/// # Errors
/// Says why it cannot be told.
pub fn read(structure: &str, bytes: &[u8]) -> Result<Value, String> {
    let shape = Shape::of(structure)?;
    let mut bytes = Bytes { rest: bytes, left: MOST };
    let value = bytes.value(&shape, &Scope { around: None, ty: None, depth: 0 })?;
    if bytes.rest.is_empty() { Ok(value) } else { Err(format!("{} bytes are left over", bytes.rest.len())) }
}

/// The types around a value, the innermost first.
struct Scope<'a> {
    around: Option<&'a Scope<'a>>,
    /// None where the text does not tell whether the type has a name: a tuple is written as a tuple struct is.
    ty: Option<&'a Shape>,
    depth: usize,
}

impl<'a> Scope<'a> {
    fn within(&'a self, ty: Option<&'a Shape>) -> Result<Scope<'a>, String> {
        if self.depth >= DEEPEST {
            return Err(format!("it is more than {DEEPEST} types deep"));
        }
        Ok(Scope { around: Some(self), ty, depth: self.depth + 1 })
    }

    /// The n-th named type outwards, and where it lies.
    fn outer(&'a self, n: usize) -> Option<(&'a Shape, &'a Scope<'a>)> {
        let ty = self.ty?;
        let around = self.around?;
        if n <= 1 { Some((ty, around)) } else { around.outer(n - 1) }
    }
}

/// Postcard, from the front.
struct Bytes<'a> {
    rest: &'a [u8],
    /// Values that may still be read: a list of nothings costs no bytes.
    left: usize,
}

impl Bytes<'_> {
    fn value(&mut self, shape: &Shape, scope: &Scope<'_>) -> Result<Value, String> {
        self.left = self.left.checked_sub(1).ok_or_else(|| format!("it has more than {MOST} values"))?;
        Ok(match shape {
            Shape::Bool => json!(self.byte()? != 0),
            Shape::Unsigned(8) => json!(self.byte()?),
            Shape::Signed(8) => json!(self.byte()?.cast_signed()),
            Shape::Unsigned(_) => whole(self.varint()?),
            Shape::Signed(_) => {
                let zigzag = self.varint()?;
                signed((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed())
            }
            Shape::F32 => {
                let float = f32::from_le_bytes(self.take()?);
                // As short as it was: not as the nearest f64 is written.
                fraction(float.to_string().parse().unwrap_or(f64::NAN))
            }
            Shape::F64 => fraction(f64::from_le_bytes(self.take()?)),
            Shape::Char | Shape::String => json!(self.text()?),
            Shape::Option(some) => match self.byte()? {
                0 => Value::Null,
                _ => self.value(some, scope)?,
            },
            Shape::List(each) => {
                let length = self.length()?;
                self.many(each, length, scope)?
            }
            Shape::Array(each, length) => self.many(each, *length, scope)?,
            Shape::Map(key, value) => self.map(key, value, scope)?,
            Shape::Tuple(parts) => self.tuple(parts, &scope.within(None)?)?,
            Shape::Record(fields) => self.record(fields, &scope.within(Some(shape))?)?,
            Shape::Enum(cases) => {
                let named = !matches!(cases.as_slice(), [(ok, Some(_)), (err, Some(_))] if ok == "Ok" && err == "Err");
                self.case(cases, &scope.within(named.then_some(shape))?)?
            }
            Shape::Outer(n) => {
                let outer = scope.outer(*n).ok_or("its structure does not tell which type is meant inside itself")?;
                // Its own depth counts on: the text ends, the bytes might not.
                let scope = Scope { around: outer.1.around, ty: outer.1.ty, depth: scope.depth };
                self.value(outer.0, &scope)?
            }
            Shape::Words(words) => return Err(format!("nobody but its code knows what \"{words}\" is")),
        })
    }

    fn many(&mut self, each: &Shape, length: usize, scope: &Scope<'_>) -> Result<Value, String> {
        (0..length).map(|_| self.value(each, scope)).collect::<Result<_, _>>().map(Value::Array)
    }

    fn map(&mut self, key: &Shape, value: &Shape, scope: &Scope<'_>) -> Result<Value, String> {
        let length = self.length()?;
        let mut pairs = Vec::new();
        for _ in 0..length {
            pairs.push((self.value(key, scope)?, self.value(value, scope)?));
        }
        let plain = |key: &Value| !(key.is_array() || key.is_object() || key.is_null());
        if !pairs.iter().all(|(key, _)| plain(key)) {
            return Ok(pairs.into_iter().map(|(key, value)| json!([key, value])).collect());
        }
        let word = |key: Value| key.as_str().map_or_else(|| key.to_string(), str::to_owned);
        Ok(Value::Object(pairs.into_iter().map(|(key, value)| (word(key), value)).collect()))
    }

    fn tuple(&mut self, parts: &[Shape], scope: &Scope<'_>) -> Result<Value, String> {
        match parts {
            [] => Ok(Value::Null),
            [one] => self.value(one, scope),
            parts => parts.iter().map(|part| self.value(part, scope)).collect::<Result<_, _>>().map(Value::Array),
        }
    }

    fn record(&mut self, fields: &[(String, Shape)], scope: &Scope<'_>) -> Result<Value, String> {
        let fields = fields.iter().map(|(name, shape)| Ok((name.clone(), self.value(shape, scope)?)));
        fields.collect::<Result<Map<_, _>, String>>().map(Value::Object)
    }

    fn case(&mut self, cases: &[(String, Option<Shape>)], scope: &Scope<'_>) -> Result<Value, String> {
        let at = self.length()?;
        let (name, holds) = cases.get(at).ok_or_else(|| format!("it is case {at} of {}", cases.len()))?;
        let held = match holds {
            None => return Ok(json!(name)),
            Some(Shape::Record(fields)) => self.record(fields, scope)?,
            Some(Shape::Tuple(parts)) if parts.is_empty() => json!([]),
            Some(Shape::Tuple(parts)) => self.tuple(parts, scope)?,
            Some(other) => self.value(other, scope)?,
        };
        Ok(json!({ name.as_str(): held }))
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or("its bytes end too early")?;
        self.rest = rest;
        Ok(*bytes)
    }

    fn byte(&mut self) -> Result<u8, String> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn varint(&mut self) -> Result<u128, String> {
        let mut number = 0;
        for at in 0..19 {
            let byte = self.byte()?;
            number |= u128::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err("a number in it has no end".into())
    }

    fn length(&mut self) -> Result<usize, String> {
        usize::try_from(self.varint()?).map_err(|_| "a length in it is too large".to_owned())
    }

    fn text(&mut self) -> Result<String, String> {
        let length = self.length()?;
        let (text, rest) = self.rest.split_at_checked(length).ok_or("its bytes end too early")?;
        self.rest = rest;
        String::from_utf8(text.to_owned()).map_err(|e| format!("a text in it is not UTF-8: {e}"))
    }
}

/// As a number where JSON's readers have so large ones, else as text.
fn whole(number: u128) -> Value {
    u64::try_from(number).map_or_else(|_| json!(number.to_string()), |number| json!(number))
}

fn signed(number: i128) -> Value {
    i64::try_from(number).map_or_else(|_| json!(number.to_string()), |number| json!(number))
}

fn fraction(number: f64) -> Value {
    Number::from_f64(number).map_or_else(|| json!(number.to_string()), Value::Number)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;
    use serde::Serialize;

    use super::*;

    #[derive(Debug, Clone, Serialize)]
    struct Everything {
        numbers: (u8, u16, u32, u64, i8, i16, i32, i64),
        float: f64,
        small: f32,
        maybe: Option<Vec<String>>,
        letters: [char; 3],
        by_name: BTreeMap<String, bool>,
        by_number: BTreeMap<u32, i64>,
        by_pair: Vec<(u8, Kind)>,
        set: BTreeSet<u64>,
        tree: Tree,
        outcome: Outcome,
        #[serde(rename = "odd name")]
        odd: Newtype,
    }

    /// As the SDK tells it.
    const EVERYTHING: &str = "{numbers:(u8,u16,u32,u64,i8,i16,i32,i64),float:f64,small:f32,maybe:?[string],\
        letters:[char;3],by_name:[string=>bool],by_number:[u32=>i64],\
        by_pair:[(u8,<None|One(u8)|Two(u8,string)|Named{left:u32,right:?bool}>)],set:[u64],\
        tree:{name:string,children:[^1]},outcome:(<Ok(u32)|Err(string)>),\"odd name\":(i32)}";

    #[derive(Debug, Clone, Serialize)]
    enum Kind {
        None,
        One(u8),
        Two(u8, String),
        Named { left: u32, right: Option<bool> },
    }

    #[derive(Debug, Clone, Serialize)]
    struct Tree {
        name: String,
        children: Vec<Tree>,
    }

    #[derive(Debug, Clone, Serialize)]
    struct Outcome(Result<u32, String>);

    #[derive(Debug, Clone, Serialize)]
    struct Newtype(i32);

    fn kinds() -> impl Strategy<Value = Kind> {
        prop_oneof![
            Just(Kind::None),
            any::<u8>().prop_map(Kind::One),
            (any::<u8>(), any::<String>()).prop_map(|(number, text)| Kind::Two(number, text)),
            (any::<u32>(), any::<Option<bool>>()).prop_map(|(left, right)| Kind::Named { left, right }),
        ]
    }

    fn trees() -> impl Strategy<Value = Tree> {
        let leaf = any::<String>().prop_map(|name| Tree { name, children: Vec::new() });
        leaf.prop_recursive(4, 20, 4, |tree| {
            (any::<String>(), proptest::collection::vec(tree, 0..4))
                .prop_map(|(name, children)| Tree { name, children })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_postcard_saves_is_told_as_serde_would(
            numbers in any::<(u8, u16, u32, u64, i8, i16, i32, i64)>(),
            float in -1e300..1e300_f64,
            maybe in any::<Option<Vec<String>>>(),
            letters in any::<[char; 3]>(),
            maps in any::<(BTreeMap<String, bool>, BTreeMap<u32, i64>)>(),
            by_pair in proptest::collection::vec((any::<u8>(), kinds()), 0..4),
            set in any::<BTreeSet<u64>>(),
            tree in trees(),
            outcome in any::<Result<u32, String>>(),
        ) {
            let (by_name, by_number) = maps;
            let (outcome, odd) = (Outcome(outcome), Newtype(numbers.6));
            let state = Everything {
                numbers, float, small: 0.5, maybe, letters, by_name, by_number, by_pair, set, tree, outcome, odd,
            };
            let bytes = postcard::to_stdvec(&state).unwrap();
            prop_assert_eq!(read(EVERYTHING, &bytes), Ok(serde_json::to_value(&state).unwrap()));
        }

        #[test]
        fn foreign_bytes_are_told_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            _ = read(EVERYTHING, &bytes);
            _ = read("[()]", &bytes);
        }

        #[test]
        fn foreign_structures_are_read_or_refused(structure in "[\\[\\]{}()<>?^\"\\\\a-z0-9:,;|=]{0,40}", bytes in any::<Vec<u8>>()) {
            _ = read(&structure, &bytes);
        }
    }

    #[test]
    fn what_the_text_does_not_tell_is_not_guessed() {
        let why = |structure: &str, bytes: &[u8]| read(structure, bytes).unwrap_err();
        assert!(why("{secret:\"sealed box\"}", &[1]).contains("sealed box"));
        // `(u8,^1)` may be a tuple in a struct, or a struct of its own.
        assert!(why("{next:?(u8,^1)}", &[1, 7, 0]).contains("which type is meant"));
        assert!(why("#0123", &[]).contains("not readable"));
        assert!(why("{a:u8}", &[1, 2]).contains("left over"));
        assert!(why("{a:u64}", &[]).contains("too early"));
        assert!(why("[()]", &[0xff, 0xff, 0xff, 0xff, 0x0f]).contains("more than"));
        assert_eq!(
            read("{big:u128}", &[0xff; 18].iter().chain(&[3]).copied().collect::<Vec<_>>()),
            Ok(json!({ "big": u128::MAX.to_string() }))
        );
    }
}
