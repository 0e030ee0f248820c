//! Built-in kinds as the API server holds them: in Go's structs, which refuse what does not fit, write quantities in one
//! way and always have some of their fields.

mod decode;
mod quantity;
mod settle;
mod walk;

pub use decode::{embedded_mismatch, mismatch, mismatch_of_map};
pub use quantity::{exceeds, fraction};
pub use settle::{complete, drop_zeros, note_empty, put_back, settle};

use mainstay_object::schema::{Scalar, Shape, Type};

/// RFC 3339 times have a reader of their own, as base64 texts have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    Plain,
    Time,
    Bytes,
}

fn text_of(ty: &Type) -> Text {
    let format = ty.constraint.as_ref().and_then(|c| c.format.as_deref());
    match (&ty.shape, format) {
        (Shape::Scalar(Scalar::String), Some("date-time")) => Text::Time,
        (Shape::Scalar(Scalar::String), Some("byte")) => Text::Bytes,
        _ => Text::Plain,
    }
}
