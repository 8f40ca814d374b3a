//! Shapes of the types of the standard library that serde saves without being told how.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::marker::PhantomData;
use std::num::{NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroI128};
use std::num::{NonZeroU8, NonZeroU16, NonZeroU32, NonZeroU64, NonZeroU128};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::{Shape, Structure};

macro_rules! plain {
    ($($text:literal: $($ty:ty),+;)*) => { $($(
        impl Shape for $ty {
            fn write(structure: &mut Structure) {
                structure.put($text);
            }
        }
    )+)* };
}
plain! {
    "()": ();
    "bool": bool;
    "u8": u8, NonZeroU8;
    "u16": u16, NonZeroU16;
    "u32": u32, NonZeroU32;
    "u64": u64, NonZeroU64;
    "u128": u128, NonZeroU128;
    "i8": i8, NonZeroI8;
    "i16": i16, NonZeroI16;
    "i32": i32, NonZeroI32;
    "i64": i64, NonZeroI64;
    "i128": i128, NonZeroI128;
    "f32": f32;
    "f64": f64;
    "char": char;
    "string": String, Box<str>, Cow<'static, str>, PathBuf;
    "{secs:u64,nanos:u32}": Duration;
    "{secs_since_epoch:u64,nanos_since_epoch:u32}": SystemTime;
}

macro_rules! around {
    ($($before:literal $after:literal: $($ty:ident),+;)*) => { $($(
        impl<T: Shape> Shape for $ty<T> {
            fn write(structure: &mut Structure) {
                structure.put($before);
                T::write(structure);
                structure.put($after);
            }
        }
    )+)* };
}
around! {
    "" "": Box, Cell, RefCell;
    "?" "": Option;
    "[" "]": Vec, VecDeque, LinkedList, BTreeSet, BinaryHeap;
}

impl<T: Shape> Shape for Box<[T]> {
    fn write(structure: &mut Structure) {
        Vec::<T>::write(structure);
    }
}

impl<T: Shape, H: 'static> Shape for HashSet<T, H> {
    fn write(structure: &mut Structure) {
        Vec::<T>::write(structure);
    }
}

impl<T: Shape, const N: usize> Shape for [T; N] {
    fn write(structure: &mut Structure) {
        structure.put("[");
        T::write(structure);
        structure.put(";");
        structure.number(N);
        structure.put("]");
    }
}

impl<K: Shape, V: Shape> Shape for BTreeMap<K, V> {
    fn write(structure: &mut Structure) {
        structure.put("[");
        K::write(structure);
        structure.put("=>");
        V::write(structure);
        structure.put("]");
    }
}

impl<K: Shape, V: Shape, H: 'static> Shape for HashMap<K, V, H> {
    fn write(structure: &mut Structure) {
        BTreeMap::<K, V>::write(structure);
    }
}

impl<T: Shape, E: Shape> Shape for Result<T, E> {
    fn write(structure: &mut Structure) {
        structure.put("<Ok(");
        T::write(structure);
        structure.put(")|Err(");
        E::write(structure);
        structure.put(")>");
    }
}

impl<T: 'static> Shape for PhantomData<T> {
    fn write(structure: &mut Structure) {
        structure.put("()");
    }
}

macro_rules! tuples {
    ($($first:ident $($rest:ident)*;)*) => { $(
        impl<$first: Shape, $($rest: Shape),*> Shape for ($first, $($rest,)*) {
            fn write(structure: &mut Structure) {
                structure.put("(");
                $first::write(structure);
                $(structure.put(","); $rest::write(structure);)*
                structure.put(")");
            }
        }
    )* };
}
tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
    A B C D E F G H I;
    A B C D E F G H I J;
    A B C D E F G H I J K;
    A B C D E F G H I J K L;
}
