//! Delivery to a destination that misbehaves.

mod answers;
mod support;
mod tls;
