// SPDX-License-Identifier: GPL-2.0-only
//! How a record of an image lies in memory: the one description from which the codec, the C
//! header, the table of docs/image.md and the drawings are made.
//!
//! # Data flow
//! `records!` (in [`super::records`]) -> a Rust struct, its [`Layout`], and its codec.
//!
//! # Invariants
//! All checked when this is compiled:
//! - integers are little-endian and lie on a multiple of their own size, so a C compiler adds no
//!   padding, on 32 bits neither;
//! - a record is a multiple of [`ALIGN`] long, so that whatever follows is aligned as well.
//!
//! No locks, no shared state.

/// What every record and every section is aligned to.
pub const ALIGN: usize = 8;

/// `n` rounded up to [`ALIGN`], or `None` beyond what a `usize` holds.
#[must_use]
pub const fn aligned(n: usize) -> Option<usize> {
    n.checked_next_multiple_of(ALIGN)
}

/// One field of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, in Rust and in C.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// The C type of one element.
    pub c_type: &'static str,
    /// How many elements an array has; `None` for a single one.
    pub count: Option<usize>,
    /// Where it lies, in bytes from the record's start.
    pub offset: usize,
    /// How many bytes it takes.
    pub size: usize,
    align: usize,
}

impl Field {
    /// A field of type `T`; [`lay_out`] says where.
    pub(super) const fn of<T: Wire>(name: &'static str, about: &'static str) -> Self {
        let (c_type, count, size, align) = (T::C_TYPE, T::COUNT, T::SIZE, T::ALIGN);
        Self { name, about: trimmed(about), c_type, count, offset: 0, size, align }
    }

    /// Whether it is there to fill a hole, and 0.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.name.starts_with("reserved")
    }
}

/// A record: its name in C and its fields.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// The name of the C struct.
    pub c_name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// Its fields, in order.
    pub fields: &'static [Field],
}

impl Layout {
    pub(super) const fn new(
        c_name: &'static str,
        about: &'static str,
        fields: &'static [Field],
    ) -> Self {
        Self { c_name, about: trimmed(about), fields }
    }

    /// How many bytes it takes.
    #[must_use]
    pub const fn size(&self) -> usize {
        match self.fields.last() {
            Some(last) => last.offset + last.size,
            None => 0,
        }
    }

    /// Where the field called `name` lies, from the record's start.
    #[must_use]
    pub fn offset_of(&self, name: &str) -> Option<usize> {
        self.fields.iter().find(|f| f.name == name).map(|f| f.offset)
    }
}

/// Puts each field behind the one before it.
///
/// # Panics
/// When compiled, if that leaves a hole or an odd end.
pub(super) const fn lay_out<const N: usize>(mut fields: [Field; N]) -> [Field; N] {
    let (mut i, mut at) = (0, 0);
    while i < N {
        assert!(at % fields[i].align == 0, "a field is not on a multiple of its size");
        fields[i].offset = at;
        at += fields[i].size;
        i += 1;
    }
    assert!(at % ALIGN == 0, "a record does not end on a multiple of ALIGN");
    fields
}

/// A doc comment without the blank in front of it.
const fn trimmed(text: &'static str) -> &'static str {
    text.trim_ascii()
}

/// A type that a field can have.
pub trait Wire: Copy {
    /// The C type of one element.
    const C_TYPE: &'static str;
    /// How many elements an array has.
    const COUNT: Option<usize> = None;
    /// In bytes, all elements together.
    const SIZE: usize;
    /// In bytes.
    const ALIGN: usize;

    /// Takes one off the front of `bytes`, or `None` if they are too few.
    fn take(bytes: &mut &[u8]) -> Option<Self>;

    /// Appends it.
    fn put(self, to: &mut Vec<u8>);
}

macro_rules! integers {
    ($($ty:ty = $c:literal)*) => { $(
        impl Wire for $ty {
            const C_TYPE: &'static str = $c;
            const SIZE: usize = size_of::<$ty>();
            const ALIGN: usize = size_of::<$ty>();

            fn take(bytes: &mut &[u8]) -> Option<Self> {
                let (first, rest) = bytes.split_first_chunk()?;
                *bytes = rest;
                Some(Self::from_le_bytes(*first))
            }

            fn put(self, to: &mut Vec<u8>) {
                to.extend_from_slice(&self.to_le_bytes());
            }
        }
    )* };
}

integers! { u8 = "__u8" u16 = "__le16" u32 = "__le32" u64 = "__le64" i64 = "__le64" }

impl<T: Wire + Default, const N: usize> Wire for [T; N] {
    const C_TYPE: &'static str = T::C_TYPE;
    const COUNT: Option<usize> = Some(N);
    const SIZE: usize = N * T::SIZE;
    const ALIGN: usize = T::ALIGN;

    fn take(bytes: &mut &[u8]) -> Option<Self> {
        let mut all = [T::default(); N];
        for one in &mut all {
            *one = T::take(bytes)?;
        }
        Some(all)
    }

    fn put(self, to: &mut Vec<u8>) {
        for one in self {
            one.put(to);
        }
    }
}

/// A fixed part of an image.
pub trait Record: Copy {
    /// How it lies in memory.
    const LAYOUT: Layout;

    /// How many bytes it takes.
    const SIZE: usize = Self::LAYOUT.size();

    /// Takes one off the front of `bytes`, or `None` if they are too few.
    fn take(bytes: &mut &[u8]) -> Option<Self>;

    /// Appends it.
    fn put(&self, to: &mut Vec<u8>);
}

/// Declares records: the struct, its layout and its codec.
macro_rules! records {
    ($(
        #[doc = $about:literal]
        $name:ident = $c_name:literal { $( #[doc = $says:literal] $field:ident: $ty:ty, )* }
    )*) => {
        $(
            #[doc = $about]
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub struct $name { $( #[doc = $says] pub $field: $ty, )* }

            impl $crate::checkpoint::image::layout::Record for $name {
                const LAYOUT: $crate::checkpoint::image::layout::Layout = {
                    use $crate::checkpoint::image::layout::{Field, Layout, lay_out};
                    Layout::new($c_name, $about, const {
                        &lay_out([$( Field::of::<$ty>(stringify!($field), $says) ),*])
                    })
                };

                fn take(bytes: &mut &[u8]) -> Option<Self> {
                    use $crate::checkpoint::image::layout::Wire;
                    Some(Self { $( $field: Wire::take(bytes)?, )* })
                }

                fn put(&self, to: &mut Vec<u8>) {
                    use $crate::checkpoint::image::layout::Wire;
                    $( Wire::put(self.$field, to); )*
                }
            }
        )*

        /// Every record, in the order in which the header declares them.
        pub const LAYOUTS: &[&$crate::checkpoint::image::layout::Layout] =
            &[$( &<$name as $crate::checkpoint::image::layout::Record>::LAYOUT ),*];
    };
}
pub(super) use records;
