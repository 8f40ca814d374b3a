//! Whether bytes are a whole component: its sections are walked to the last byte, nothing in them is judged. This is all
//! that the host itself parses of a file; what is in the sections is for the compiler, in a process of its own.

use wasmparser::{Chunk, Encoding, Parser, Payload};

const HEADER: &[u8] = b"\0asm";
const ELF: &[u8] = b"\x7fELF";
/// Components within components, at most: each costs memory while it is walked.
const MAX_DEPTH: usize = 100;
/// Sections, at most: each costs time. A module has fourteen, and a compiler takes a thousand modules.
const MAX_SECTIONS: usize = 100_000;

/// Whether these bytes are a component from the first byte to the last, as far as its sections show. Cheap whatever they
/// are: no type is checked and no function read.
///
/// A component does not say how long it is, so one that was cut exactly between two of its sections passes; that a file
/// has been written to its end is known by its writer's closing it and by its not changing.
///
/// # Errors
/// Says what they are instead, or where they break off, and what to do: "it is …".
pub fn check_whole(bytes: &[u8]) -> Result<(), String> {
    if bytes.is_empty() {
        return Err("it is empty".to_owned());
    }
    if bytes.starts_with(ELF) {
        return Err(
            "it is machine code (ELF, as precompiled components are), which is never taken; put the component \
                    that it was made of there"
                .to_owned(),
        );
    }
    if !bytes.starts_with(&HEADER[..HEADER.len().min(bytes.len())]) {
        return Err(if is_text(bytes) {
            "it is text, not a component; WebAssembly text must be assembled first (`wasm-tools parse`)".to_owned()
        } else {
            "it is not WebAssembly: its first bytes are not those of a component".to_owned()
        });
    }
    // The header and the end are counted too. A header alone is what a slow copy begins with.
    if count_sections(bytes)? <= 2 {
        return Err("it is a component's first bytes and nothing else".to_owned());
    }
    Ok(())
}

fn count_sections(bytes: &[u8]) -> Result<usize, String> {
    let broken = |error: wasmparser::BinaryReaderError| {
        format!("it breaks off or is damaged at byte {} of {}: {}", error.offset(), bytes.len(), error.message())
    };
    let (mut parser, mut outer, mut rest) = (Parser::new(0), Vec::new(), bytes);
    for sections in 1..=MAX_SECTIONS {
        // It is all there is, so that no more data is ever asked for.
        let Chunk::Parsed { consumed, payload } = parser.parse(rest, true).map_err(broken)? else { break };
        rest = &rest[consumed..];
        match payload {
            Payload::Version { encoding: Encoding::Module, range, .. } if range.start == 0 => {
                return Err(
                    "it is a core module, not a component; build it for the target wasm32-wasip2, or make one of \
                            it with `wasm-tools component new`"
                        .to_owned(),
                );
            }
            Payload::CodeSectionStart { size, .. } => {
                // There are as many functions as bytes.
                let size = usize::try_from(size).ok().filter(|size| *size <= rest.len());
                let Some(size) = size else {
                    return Err(format!("it breaks off or is damaged at byte {0} of {0}: in its code", bytes.len()));
                };
                parser.skip_section();
                rest = &rest[size..];
            }
            Payload::ModuleSection { parser: inner, .. } | Payload::ComponentSection { parser: inner, .. } => {
                if outer.len() == MAX_DEPTH {
                    return Err(format!("it holds components within components, more than {MAX_DEPTH} deep"));
                }
                outer.push(std::mem::replace(&mut parser, inner));
            }
            Payload::End(_) => match outer.pop() {
                Some(around) => parser = around,
                None => return Ok(sections),
            },
            _ => {}
        }
    }
    Err(format!("it has more than {MAX_SECTIONS} sections"))
}

fn is_text(bytes: &[u8]) -> bool {
    bytes.iter().take(64).all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace())
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A component with one custom section: the length of what it holds, and that many bytes.
    pub(in crate::watch) fn component(content: &[u8]) -> Vec<u8> {
        assert!(content.len() < 120, "a length of one byte");
        let len = u8::try_from(content.len()).unwrap();
        [b"\0asm\x0d\0\x01\0", &[0, len + 2, 1, b'x'][..], content].concat()
    }

    pub(in crate::watch) const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";

    #[test]
    fn a_component_is_whole_to_its_last_byte_and_no_sooner() {
        let bytes = component(b"hello");
        assert_eq!(check_whole(&bytes), Ok(()));
        for len in 0..bytes.len() {
            assert!(check_whole(&bytes[..len]).is_err(), "{len} bytes");
        }
        assert!(check_whole(&[&bytes[..], &[99]].concat()).is_err());
    }

    #[test]
    fn a_component_within_a_component_is_looked_at_too() {
        let mut inner = component(b"hello");
        let nest = |inner: &[u8]| [b"\0asm\x0d\0\x01\0", &[4, u8::try_from(inner.len()).unwrap()][..], inner].concat();
        assert_eq!(check_whole(&nest(&inner)), Ok(()));
        inner.push(99);
        assert!(check_whole(&nest(&inner)).is_err());
        let module = [b"\0asm\x0d\0\x01\0", &[1, 8][..], CORE_MODULE].concat();
        assert_eq!(check_whole(&module), Ok(()), "core modules belong into components");
    }

    #[test]
    fn what_it_is_instead_is_told_apart() {
        let told = |bytes: &[u8]| check_whole(bytes).unwrap_err();
        assert_eq!(told(b""), "it is empty");
        assert!(told(CORE_MODULE).starts_with("it is a core module"));
        assert!(told(b"\x7fELF\x02\x01").starts_with("it is machine code"));
        assert!(told(b"(component)").starts_with("it is text"));
        assert!(told(b"\x89PNG\r\n").starts_with("it is not WebAssembly"));
        assert!(told(b"\0as").starts_with("it breaks off"));
        assert!(told(b"\0asm\x0d\0\x01\0").starts_with("it is a component's first bytes"));
        assert!(told(&component(b"hello")[..12]).starts_with("it breaks off or is damaged at byte"));
    }

    /// A section: its number, its length, what it holds.
    fn section(id: u8, content: &[u8]) -> Vec<u8> {
        let mut length = u32::try_from(content.len()).unwrap();
        let mut section = vec![id];
        while length > 0x7f {
            section.push(length as u8 | 0x80);
            length >>= 7;
        }
        section.push(length as u8);
        [&section, content].concat()
    }

    #[test]
    fn neither_depth_nor_number_of_sections_is_without_an_end() {
        let nest = |inner: Vec<u8>| [&b"\0asm\x0d\0\x01\0"[..], &section(4, &inner)].concat();
        let deep = |depth| (0..depth).fold(component(b"hello"), |inner, _| nest(inner));
        assert_eq!(check_whole(&deep(MAX_DEPTH)), Ok(()));
        assert!(check_whole(&deep(MAX_DEPTH + 1)).unwrap_err().contains("more than 100 deep"));
        let many = |count| [&b"\0asm\x0d\0\x01\0"[..], &b"\0\x01\0".repeat(count)].concat();
        // The header and the end are two.
        assert_eq!(check_whole(&many(MAX_SECTIONS - 2)), Ok(()));
        assert_eq!(check_whole(&many(MAX_SECTIONS - 1)), Err("it has more than 100000 sections".to_owned()));
    }

    #[test]
    fn functions_are_passed_over_and_still_have_to_be_there() {
        let ends = b"\x02\0\x0b".repeat(1_000);
        let code = section(10, &[&[0xe8, 7][..], &ends].concat());
        let module =
            [CORE_MODULE, &section(1, &[1, 0x60, 0, 0]), &section(3, &[&[0xe8, 7][..], &[0; 1_000]].concat()), &code];
        let bytes = [&b"\0asm\x0d\0\x01\0"[..], &section(1, &module.concat())].concat();
        assert_eq!(check_whole(&bytes), Ok(()));
        for len in bytes.len() - 2_000..bytes.len() {
            assert!(check_whole(&bytes[..len]).is_err(), "{len} bytes");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_bytes_are_an_answer_comes(
            start in prop::sample::select(vec![component(b"hello"), CORE_MODULE.to_vec(), Vec::new()]),
            flips in prop::collection::vec((0..40_usize, any::<u8>()), 0..8),
            tail in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            let mut bytes = [start, tail].concat();
            for (at, byte) in flips {
                if let Some(there) = bytes.get_mut(at) {
                    *there = byte;
                }
            }
            if let Err(why) = check_whole(&bytes) {
                prop_assert!(why.starts_with("it "), "{why}");
            }
        }
    }
}
