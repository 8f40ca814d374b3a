//! The text of a structure that the SDK gives, read as what it says of the bytes.

/// The deepest that types may lie.
pub const DEEPEST: usize = 128;

/// What a structure says, as far as bytes are concerned.
#[derive(Debug, PartialEq)]
pub enum Shape {
    Bool,
    /// With its bits; 8 of them are a byte, more are a varint.
    Unsigned(u32),
    Signed(u32),
    F32,
    F64,
    Char,
    String,
    Option(Box<Shape>),
    List(Box<Shape>),
    Array(Box<Shape>, usize),
    Map(Box<Shape>, Box<Shape>),
    Tuple(Vec<Shape>),
    Record(Vec<(String, Shape)>),
    /// Cases, with what they hold.
    Enum(Vec<(String, Option<Shape>)>),
    /// The n-th named type outwards.
    Outer(usize),
    /// Somebody's own words.
    Words(String),
}

impl Shape {
    /// The structure that a text tells.
    ///
    /// # Errors
    /// Says where it cannot be read.
    pub fn of(structure: &str) -> Result<Self, String> {
        let mut text = Text { rest: structure, depth: 0 };
        let shape = text.shape()?;
        match text.rest {
            "" => Ok(shape),
            more => Err(format!("its structure goes on where it should end: {more}")),
        }
    }
}

/// The text of a structure, from the front.
struct Text<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Text<'a> {
    fn shape(&mut self) -> Result<Shape, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("its structure is too deep".into());
        }
        let shape = match self.rest.chars().next() {
            Some('?') => Shape::Option(self.after("?")?),
            Some('[') => self.list()?,
            Some('{') => Shape::Record(self.record()?),
            Some('(') => Shape::Tuple(self.tuple()?),
            Some('<') => Shape::Enum(self.cases()?),
            Some('^') => {
                self.take("^");
                Shape::Outer(self.number()?)
            }
            Some('"') => Shape::Words(self.quoted()?),
            _ => self.plain()?,
        };
        self.depth -= 1;
        Ok(shape)
    }

    fn after(&mut self, mark: &str) -> Result<Box<Shape>, String> {
        self.expect(mark)?;
        self.shape().map(Box::new)
    }

    fn list(&mut self) -> Result<Shape, String> {
        let first = self.after("[")?;
        let shape = if self.take("=>") {
            Shape::Map(first, Box::new(self.shape()?))
        } else if self.take(";") {
            Shape::Array(first, self.number()?)
        } else {
            Shape::List(first)
        };
        self.expect("]")?;
        Ok(shape)
    }

    fn record(&mut self) -> Result<Vec<(String, Shape)>, String> {
        self.all("{", ",", "}", |text| {
            let name = text.name()?;
            text.expect(":")?;
            Ok((name, text.shape()?))
        })
    }

    fn tuple(&mut self) -> Result<Vec<Shape>, String> {
        self.all("(", ",", ")", Self::shape)
    }

    fn cases(&mut self) -> Result<Vec<(String, Option<Shape>)>, String> {
        self.all("<", "|", ">", |text| {
            let name = text.name()?;
            let holds = match text.rest.chars().next() {
                Some('{') => Some(Shape::Record(text.record()?)),
                Some('(') => Some(Shape::Tuple(text.tuple()?)),
                _ => None,
            };
            Ok((name, holds))
        })
    }

    fn all<T>(
        &mut self,
        open: &str,
        between: &str,
        close: &str,
        mut one: impl FnMut(&mut Self) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        self.expect(open)?;
        let mut all = Vec::new();
        while !self.take(close) {
            if !all.is_empty() {
                self.expect(between)?;
            }
            all.push(one(self)?);
        }
        Ok(all)
    }

    fn plain(&mut self) -> Result<Shape, String> {
        let word = self.word();
        let bits = word.get(1..).and_then(|bits| bits.parse().ok());
        match (word, bits) {
            ("bool", _) => Ok(Shape::Bool),
            ("char", _) => Ok(Shape::Char),
            ("string", _) => Ok(Shape::String),
            ("f32", _) => Ok(Shape::F32),
            ("f64", _) => Ok(Shape::F64),
            (word, Some(bits @ (8 | 16 | 32 | 64 | 128))) if word.starts_with('u') => Ok(Shape::Unsigned(bits)),
            (word, Some(bits @ (8 | 16 | 32 | 64 | 128))) if word.starts_with('i') => Ok(Shape::Signed(bits)),
            _ => Err(format!("its structure is not readable at `{word}{}`", self.rest)),
        }
    }

    fn word(&mut self) -> &'a str {
        let end = self.rest.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn name(&mut self) -> Result<String, String> {
        match self.rest.starts_with('"') {
            true => self.quoted(),
            false => Ok(self.word().to_owned()),
        }
    }

    /// Words between quotes, as Rust escapes them.
    fn quoted(&mut self) -> Result<String, String> {
        self.expect("\"")?;
        let mut words = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return Ok(words);
                }
                '\\' => words.push(match chars.next().map(|(_, c)| c) {
                    Some('n') => '\n',
                    Some('r') => '\r',
                    Some('t') => '\t',
                    Some('u') => {
                        let hex: String = chars.by_ref().map(|(_, c)| c).skip(1).take_while(|c| *c != '}').collect();
                        u32::from_str_radix(&hex, 16)
                            .ok()
                            .and_then(char::from_u32)
                            .unwrap_or(char::REPLACEMENT_CHARACTER)
                    }
                    Some(c) => c,
                    None => break,
                }),
                c => words.push(c),
            }
        }
        Err("a quote in its structure does not end".into())
    }

    fn number(&mut self) -> Result<usize, String> {
        self.word().parse().map_err(|_| "a number is missing in its structure".to_owned())
    }

    fn take(&mut self, mark: &str) -> bool {
        let rest = self.rest.strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, mark: &str) -> Result<(), String> {
        if self.take(mark) {
            Ok(())
        } else {
            Err(format!("`{mark}` is missing in its structure before `{}`", self.rest))
        }
    }
}
